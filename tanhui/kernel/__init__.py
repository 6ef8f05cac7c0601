"""The ground floor: units, dated parameters, tables, words, hashing, time, errors. Imports nothing of ours."""
