"""Studies: many simulated raids, many policies, judged for the people below."""
