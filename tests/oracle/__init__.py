"""A second, independent implementation of the KPI definitions, in plain pandas, to check the pipeline against."""
