"""Running the models' queries on Apache Spark, the rest of the work staying with DuckDB."""
