# Clustered standard errors of a weighted regression of changes on treatment, by R.
#
#   cd tests/oracle/small_sample && Rscript small_sample.R
#
# reads sample.csv (made by test_small_sample.py, which compares it) and writes results.csv and
# versions.txt. Recorded with R 4.2.2, clubSandwich 0.5.8 and sandwich 3.0-2 (Debian 12).
suppressMessages({ library(clubSandwich); library(sandwich) })
options(digits = 15)
d <- read.csv("sample.csv")
rows <- NULL
add <- function(design, cluster, name, command, se, df = NA)
  rows <<- rbind(rows, data.frame(design, cluster, name, command, se, df))
for (design in unique(d$design)) {
  own <- d[d$design == design, ]
  fit <- lm(change ~ treated, own, weights = weight)
  for (cluster in c("person", "set", "town")) {
    by <- own[[cluster]]
    if (any(is.na(by))) next
    for (type in c("CR0", "CR1", "CR1S", "CR2")) {
      test <- coef_test(fit, vcovCR(fit, by, type), test = "Satterthwaite")["treated", ]
      name <- if (type == "CR0") "none" else type
      add(design, cluster, name, "clubSandwich::vcovCR", test$SE, if (type == "CR2") test$df else NA)
    }
    root <- function(...) sqrt(vcovCL(fit, by, ...)["treated", "treated"])
    add(design, cluster, "none", "sandwich::vcovCL HC0", root(type = "HC0", cadjust = FALSE))
    add(design, cluster, "CR1", "sandwich::vcovCL HC0 cadjust", root(type = "HC0", cadjust = TRUE))
    add(design, cluster, "CR1S", "sandwich::vcovCL HC1", root(type = "HC1", cadjust = TRUE))
  }
}
write.csv(rows, "results.csv", row.names = FALSE)
writeLines(c(R.version.string, paste("clubSandwich", packageVersion("clubSandwich")),
             paste("sandwich", packageVersion("sandwich"))), "versions.txt")
