"""Room 5: what each customer is worth: probabilistic models of buying and spending, baselines, discounting."""
