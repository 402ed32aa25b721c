"""The Context7 reference ERP: project package and its small apps."""
