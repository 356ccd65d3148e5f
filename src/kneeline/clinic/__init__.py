"""From answers and measured tests to a route, a finding and a plan; pure, like everything on this floor."""
