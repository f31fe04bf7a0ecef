"""The EL part of myPizza: lands every source system in the warehouse, and runs the project."""
