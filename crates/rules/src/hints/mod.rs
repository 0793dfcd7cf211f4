//! Hints about arriving mail: facts with positions, not verdicts.
