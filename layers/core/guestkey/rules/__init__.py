"""Pure rules: functions from values to values. No clock, no AWS, no I/O."""
