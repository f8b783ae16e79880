"""HTTP: routes, bodies, callers, inputs, problems, cursors, CSV."""
