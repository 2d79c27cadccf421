# What R's Matching estimates for those who start, for the others and for all, with its standard
# errors: on register.csv (the risk set of 2016) and, with ties, on the births of Cattaneo (2010).
#
#   cd tests/oracle/R && Rscript estimands.R path/to/cataneo2.csv
#
# (statsmodels ships the births in treatment/tests/results). Writes estimands.csv and
# estimands_versions.txt. Recorded with R 4.2.2 and Matching 4.10-8 (Debian 12). Var.calc = 1: the
# variance of a row from its nearest of the same side, as in Abadie and Imbens (2006).
suppressMessages(library(Matching))
options(digits = 15, warn = 1)
exactly <- list(epsilon = 1e-14, maxit = 100)
wide <- read.csv("register.csv", stringsAsFactors = FALSE)
d <- wide[wide$start_year %in% c(0, 2016), ]
register <- data.frame(treated = as.integer(d$start_year == 2016), age = 2015 - d$birth_year,
                       education = factor(d$education), w1 = d$wage_2015, w2 = d$wage_2014,
                       y = d$wage_2018 - d$wage_2015)
score <- predict(glm(treated ~ age + education + w1 + w2, data = register, family = binomial,
                     control = exactly))
full <- model.matrix(~ age + education + w1 + w2, register)[, -1]
b <- read.csv(commandArgs(trailingOnly = TRUE)[1])
births <- as.matrix(b[c("mmarried_", "mage", "fage", "medu", "prenatal1_")])
recorded <- NULL
estimate <- function(case, Y, Tr, X, M, ...) {
  for (estimand in c("ATT", "ATC", "ATE")) {
    fit <- Match(Y = Y, Tr = Tr, X = X, Z = X, estimand = estimand, M = M, ties = TRUE,
                 Var.calc = 1, sample = FALSE, distance.tolerance = 1e-12, ...)
    recorded <<- rbind(recorded, data.frame(case, M, estimand = tolower(estimand),
                                            estimate = as.numeric(fit$est), std_error = fit$se))
  }
}
for (M in c(1, 3)) {
  estimate("propensity", register$y, register$treated, score, M)
  estimate("mahalanobis_total", register$y, register$treated, full, M, Weight = 2)
}
estimate("births", b$bweight, b$mbsmoke_, births, 1, Weight = 2)
write.csv(recorded, "estimands.csv", row.names = FALSE, quote = FALSE)
writeLines(c(R.version.string, paste("Matching", format(packageVersion("Matching")))),
           "estimands_versions.txt")
