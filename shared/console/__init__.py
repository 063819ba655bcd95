"""The page where people see their billers: reads through ports, decides what is shown, renders HTML."""
