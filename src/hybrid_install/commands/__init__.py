"""One file per verb: plain functions that tell their story."""
