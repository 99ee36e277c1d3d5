"""Room 5: customer lifetime value: one file per model with the equations of its paper."""
