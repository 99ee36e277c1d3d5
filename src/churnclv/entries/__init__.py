"""Entries of the hackathon: their folders, what they handed in, and the leaderboard."""
