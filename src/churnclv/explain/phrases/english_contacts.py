"""English phrases on visits, messages and referrals. `phrase` explains the template fields."""

from .english_orders import BEFORE, LAST

CONTACTS = {
    "actions": ("actions", "{only}{value:no action|action|actions} so far{usual}"),
    r"actions_last_(\d+)_days": (
        "actions " + LAST,
        "{only}{value:no action|action|actions} " + LAST + "{usual}",
    ),
    r"action_change_(\d+)_days": (
        "actions " + LAST + " less those " + BEFORE,
        "{actions_last_@_days:no action|action|actions} " + LAST + ", {actions_before:none|#|#} " + BEFORE,
        "{below:fewer action|fewer actions} " + LAST + " than " + BEFORE,
        "{above:more action|more actions} " + LAST + " than " + BEFORE,
        "{zero}as many actions " + LAST + " as " + BEFORE,
    ),
    "sessions": ("sessions", "{only}{value:no session|session|sessions} so far{usual}"),
    "action_names": ("different actions", "{only}{value:no action|kind of action|different actions} so far{usual}"),
    "actions_since_last_order": (
        "actions since the last order",
        "{value:no action|action|actions} since the last order{usual}",
    ),
    "days_since_last_action": (
        "days since the last action",
        "last seen active {value:day|days} ago{usual}",
        "{missing}no action known",
    ),
    "days_from_last_action_to_last_order": (
        "days from the last action to the last order",
        "last action {below:day|days} after the last order",
        "last order {above:day|days} after the last action",
        "{zero}last action on the day of the last order",
        "{missing}no action and order known",
    ),
    "actions_per_session": (
        "actions per session",
        "{value:action|actions} per session{usual}",
        "{missing}no action known",
    ),
    "last_session_action_share": (
        "share of actions in the last session",
        "{one}all actions in a single session",
        "{value:%} of all actions in the last session{usual}",
        "{missing}no action known",
    ),
    "action_entropy": (
        "spread of actions over their kinds",
        "{zero}always the same kind of action",
        "actions spread over {value:spread:kind|kinds}{usual}",
        "{missing}no action known",
    ),
    r"actions_named_(\w+)": (
        "times of {1}",
        "{zero}never {1}",
        "{only}{value:time|times} {1}{usual}",
    ),
    r"days_since_action_(\w+)": (
        "days since the last {1}",
        "last {1} {value:day|days} ago{usual}",
        "{missing}never {1}",
    ),
    r"sessions_with_(\w+)_share": (
        "share of sessions with {1}",
        "{zero}no session with {1}",
        "{value:%} of sessions with {1}{usual}",
        "{missing}no session known",
    ),
    r"last_action_is_(\w+)": (
        "last action is {1}",
        "{zero}the last action was not {1}",
        "{one}the last action was {1}",
    ),
    "sends": ("messages sent", "{only}{value:no message|message|messages} sent so far{usual}"),
    "opens": ("messages opened", "{only}{value:no message|message|messages} opened so far{usual}"),
    "clicks": ("clicks in messages", "{only}{value:no click|click|clicks} in messages so far{usual}"),
    r"sends_last_(\d+)_days": (
        "messages sent " + LAST,
        "{only}{value:no message|message|messages} sent " + LAST + "{usual}",
    ),
    r"opens_last_(\d+)_days": (
        "messages opened " + LAST,
        "{sends_last_@_days:no message|message|messages} sent " + LAST + ", {value:none|#|#} opened",
        "{only}{value:no message|message|messages} opened " + LAST + "{usual}",
    ),
    r"clicks_last_(\d+)_days": (
        "clicks in messages " + LAST,
        "{only}{value:no click|click|clicks} in messages " + LAST + "{usual}",
    ),
    r"unsubscribes_last_(\d+)_days": (
        "unsubscriptions " + LAST,
        "{zero}did not unsubscribe " + LAST,
        "unsubscribed {days_since_last_unsubscribe:day|days} ago",
        "unsubscribed " + LAST,
    ),
    "unsubscribed": (
        "unsubscribed from messages",
        "{zero}never unsubscribed from messages",
        "unsubscribed from messages {days_since_last_unsubscribe:day|days} ago",
        "{one}unsubscribed from messages",
    ),
    "days_since_last_open": (
        "days since a message was opened",
        "last opened a message {value:day|days} ago{usual}",
        "{missing}no message opened so far",
    ),
    "days_since_last_click": (
        "days since a click in a message",
        "last clicked in a message {value:day|days} ago{usual}",
        "{missing}no click in a message so far",
    ),
    "days_since_last_unsubscribe": (
        "days since unsubscribing",
        "unsubscribed from messages {value:day|days} ago",
        "{missing}never unsubscribed from messages",
    ),
    "open_rate": (
        "messages opened over messages sent",
        "{sends:message|messages} sent, {opens:none|#|#} opened",
        "{value:%} of messages opened{usual}",
        "{missing}no message sent so far",
    ),
    "click_rate": (
        "clicks over messages opened",
        "{opens:message|messages} opened, {clicks:no click|click|clicks}",
        "{value} clicks per message opened{usual}",
        "{missing}no message opened so far",
    ),
    r"open_rate_change_(\d+)_days": (
        "share of messages opened " + LAST + " less that " + BEFORE,
        "share of messages opened {below:points} points lower " + LAST + " than " + BEFORE,
        "share of messages opened {above:points} points higher " + LAST + " than " + BEFORE,
        "{zero}messages opened " + LAST + " as often as " + BEFORE,
        "{missing}no messages sent to compare " + LAST + " with those " + BEFORE,
    ),
    r"sends_by_(\w+)": (
        "messages sent by {1}",
        "{only}{value:no message|message|messages} sent by {1} so far{usual}",
    ),
    r"opens_by_(\w+)": (
        "messages opened by {1}",
        "{only}{value:no message|message|messages} opened by {1} so far{usual}",
    ),
    r"clicks_by_(\w+)": (
        "clicks in messages by {1}",
        "{only}{value:no click|click|clicks} in messages by {1} so far{usual}",
    ),
    r"open_rate_by_(\w+)": (
        "messages opened over messages sent, by {1}",
        "{value:%} of messages by {1} opened{usual}",
        "{missing}no message sent by {1} so far",
    ),
    r"click_rate_by_(\w+)": (
        "clicks over messages opened, by {1}",
        "{value} clicks per message opened by {1}{usual}",
        "{missing}no message opened by {1} so far",
    ),
    "invitations": ("invitations made", "{only}{value:no invitation|invitation|invitations} made so far{usual}"),
    "invited_customers": (
        "people invited",
        "{only}{value:nobody|person|people} invited so far{usual}",
    ),
    "invited_buyers": (
        "people invited who bought",
        "{invited_customers:nobody|person|people} invited, {value:none|#|#} of whom bought",
        "{only}{value:nobody|person|people} invited who bought{usual}",
    ),
    "was_invited": (
        "invited by a customer",
        "{zero}not invited by another customer",
        "{one}invited by another customer",
    ),
    "days_since_last_invitation": (
        "days since the last invitation made",
        "last invited somebody {value:day|days} ago{usual}",
        "{missing}nobody invited so far",
    ),
    "days_since_invited": (
        "days since invited by a customer",
        "invited by another customer {value:day|days} ago{usual}",
        "{missing}not invited by another customer",
    ),
}
