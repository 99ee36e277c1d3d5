"""What English says of contracts. The fields are explained in `catalogue`."""

from .english_orders import LAST

CONTRACTS = {
    "contract_age_days": (
        "age of the contract in days",
        "contract is {value:age} old{usual}",
        "{missing}no open contract known",
    ),
    "customer_age_days": ("days since the first contract", "customer for {value:age}{usual}"),
    "btyd_p_ends": (
        "chance of the contract's end within the horizon, by its age",
        "contract is {contract_age_days:age} old, {value:%} of contracts of that age end soon{usual}",
        "{value:%} of contracts of this age end soon{usual}",
        "{missing}no open contract known",
    ),
    "contracts_before": (
        "contracts before this one",
        "{zero}first contract",
        "{value:contract|contracts} before this one{usual}",
    ),
    "months_to_renewal": (
        "months to renewal",
        "{zero}renewal due now",
        "renewal in {value:month|months}{usual}",
        "{missing}no renewal date known",
    ),
    "price": ("price per month", "price of {value:money} per month{usual}", "{missing}no price known"),
    "price_change_share": (
        "change of the price since the start",
        "{zero}same price as at the start",
        "price {above:%} higher than at the start",
        "price {below:%} lower than at the start",
        "{missing}no price known",
    ),
    "price_increases": (
        "price increases",
        "{value:price never raised|price raised once|price raised # times}{usual}",
        "{missing}no price known",
    ),
    "price_decreases": (
        "price reductions",
        "{value:price never lowered|price lowered once|price lowered # times}{usual}",
        "{missing}no price known",
    ),
    "plan": ("plan", "plan {value:text}", "{missing}no plan known"),
    "plan_changes": ("changes of plan", "{value:plan never changed|plan changed once|plan changed # times}{usual}"),
    "days_since_plan_change": (
        "days since the plan was changed",
        "plan changed {value:day|days} ago{usual}",
        "{missing}no change of plan known",
    ),
    "payment_failures": (
        "failed payments",
        "{value:no failed payment|failed payment|failed payments} so far{usual}",
    ),
    r"payment_failures_last_(\d+)_days": (
        "failed payments " + LAST,
        "{value:no failed payment|failed payment|failed payments} " + LAST + "{usual}",
    ),
    "days_since_payment_failure": (
        "days since a payment failed",
        "a payment failed {value:day|days} ago{usual}",
        "{missing}no failed payment known",
    ),
}
