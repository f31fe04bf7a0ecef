# What R finds in the warehouse through RPostgreSQL, for test_bi_tools.py.
#
# libpq's variables name the login; the arguments are three queries: one of each type, one of the
# branches, one that is to be refused. Prints records of fields, with ASCII's separators.
suppressPackageStartupMessages(library(RPostgreSQL))
queries <- commandArgs(trailingOnly = TRUE)
of <- Sys.getenv
show_record <- function(...) cat(paste(..., sep = "\x1f"), "\x1e", sep = "")

warehouse <- dbConnect(
  PostgreSQL(),
  host = of("PGHOST"), port = of("PGPORT"), dbname = of("PGDATABASE"),
  user = of("PGUSER"), password = of("PGPASSWORD")
)
# dbListTables names no schema: those of the search path are the ones that can be used so
for (table in dbListTables(warehouse)) {
  if (dbExistsTable(warehouse, c("marts", table))) {
    show_record("table", "marts", table, "")
    for (column in dbListFields(warehouse, c("marts", table))) {
      show_record("column", table, column, "", "")
    }
  } else {
    show_record("table", "another", table, "")
  }
}
row <- dbGetQuery(warehouse, queries[1])
for (name in names(row)) {
  value <- row[[name]]
  text <- if (inherits(value, "POSIXct")) format(value, tz = "UTC", usetz = TRUE) else format(value)
  show_record("value", name, class(value)[1], text)
}
branches <- dbGetQuery(warehouse, queries[2])
for (i in seq_len(nrow(branches))) {
  show_record("branch", branches[i, 1], branches[i, 2])
}
refused <- tryCatch(
  {
    dbGetQuery(warehouse, queries[3])
    NULL
  },
  warning = function(condition) NULL,
  error = function(condition) conditionMessage(condition)
)
if (is.null(refused)) refused <- dbGetException(warehouse)$errorMsg
show_record("refused", refused)
invisible(dbDisconnect(warehouse))
