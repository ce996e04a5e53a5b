"""SQL models as in dbt, and the small project that compiles and runs them in process."""
