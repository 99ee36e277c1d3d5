"""Room 15: entries, their results, and the leaderboard."""
