"""The department: plan against actual, the month's form and its close."""
