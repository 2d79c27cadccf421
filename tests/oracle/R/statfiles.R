# What R's foreign reads of the SPSS files in tests/data/statfiles, cell by cell.
#
#   cd tests/oracle/R && Rscript statfiles.R
#
# writes foreign.csv there: file, column, row, the value (days and times as SPSS has them, seconds
# since 1582-10-14) and the label of its code. Recorded with R 4.2.2 and foreign 0.8-84 (Debian 12),
# which has its own reader of system files, from PSPP.
library(foreign)
folder <- "../../data/statfiles"
lines <- NULL
for (file in c("missing_char.sav", "sample.sav", "sample_missing.sav", "simple_alltypes.sav")) {
  frame <- suppressWarnings(read.spss(file.path(folder, file), use.value.labels = FALSE,
                                      to.data.frame = TRUE, use.missings = TRUE,
                                      trim_values = TRUE))
  for (name in names(frame)) {
    labels <- attr(frame[[name]], "value.labels")
    value <- frame[[name]]
    text <- if (is.numeric(value)) trimws(formatC(as.numeric(value), digits = 17, format = "g"))
            else trimws(as.character(value), "right")
    text[is.na(value)] <- ""
    label <- rep("", length(text))
    if (length(labels)) {
      code <- if (is.numeric(value)) as.numeric(labels) else trimws(labels, "right")
      found <- match(if (is.numeric(value)) as.numeric(value) else text, code)
      label <- ifelse(is.na(found) | text == "", "", names(labels)[found])
    }
    lines <- rbind(lines, data.frame(file, column = name, row = seq_along(text),
                                     number = as.integer(is.numeric(value)), value = text, label))
  }
}
write.csv(lines, file.path(folder, "foreign.csv"), row.names = FALSE)
