"""Room 8: reasons per customer, risk rules, and their templates in both languages."""
