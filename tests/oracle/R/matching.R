# What R's MatchIt and Matching choose and estimate on register.csv (made up, tie-free).
#
#   cd tests/oracle/R && Rscript matching.R
#
# writes scores.csv, pairs.csv, cells.csv and estimates.csv. Recorded with R 4.2.2,
# MatchIt 4.5.1 and Matching 4.10-8 (Debian 12); versions.txt says with which.
suppressMessages({ library(MatchIt); library(Matching) })
options(digits = 15, warn = 1)

wide <- read.csv("register.csv", stringsAsFactors = FALSE)
exactly <- list(epsilon = 1e-14, maxit = 100)

# Rows of one risk set: those who start in c and those who never do, as of the year before.
risk_set <- function(c) {
  d <- wide[wide$start_year %in% c(0, c), ]
  data.frame(person = d$person, c = c, treated = as.integer(d$start_year == c),
             age = c - 1 - d$birth_year, education = factor(d$education), county = d$county,
             w1 = d[[paste0("wage_", c - 1)]], w2 = d[[paste0("wage_", c - 2)]],
             y0 = d[[paste0("wage_", c)]], y2 = d[[paste0("wage_", c + 2)]])
}
one <- risk_set(2016)
three <- do.call(rbind, lapply(c(2015, 2016, 2017), risk_set))

score <- function(d) {
  form <- treated ~ age + education + w1 + w2
  if (length(unique(d$c)) > 1) form <- update(form, . ~ . + factor(c))
  unname(predict(glm(form, data = d, family = binomial, control = exactly), type = "link"))
}
one$score <- score(one)
three$score <- score(three)
write.csv(rbind(cbind(data = "one", one[c("person", "c", "score")]),
                cbind(data = "three", three[c("person", "c", "score")])),
          "scores.csv", row.names = FALSE, quote = FALSE)

# --- pairs ------------------------------------------------------------------------------------
# Debian's MatchIt 4.5.1 errs twice where it searches a vector of distances (nn_matchC_vec.cpp):
# it cuts |difference| to a whole number (the integer abs of C), so that below 1 all are 0 and who
# has the lower score is taken, near or not; and from the second control on it skips the row after
# the one it took instead of the one it took, so that with replacement all five are the same. Hence
# scores in units of 1e-7 (order and calipers, in standard deviations, stay as they are) for one
# control, and for more its other search, by the Mahalanobis distance on the score alone, which
# chooses the nearest on the score. The traps themselves are recorded as "as it is".
unit <- 1e7
pairs <- NULL
record <- function(case, d, fit) {
  mm <- fit$match.matrix
  from <- rep(rownames(mm), ncol(mm))
  to <- as.vector(mm)
  kept <- !is.na(to)
  from <- as.integer(from[kept]); to <- as.integer(to[kept])
  pairs <<- rbind(pairs, data.frame(case = case, c = d$c[from],
                                    participant = d$person[from], control = d$person[to]))
}
nearest <- function(d, ...) {
  rownames(d) <- seq_len(nrow(d))
  suppressWarnings(matchit(treated ~ age + education + w1 + w2, data = d, method = "nearest", ...))
}
by_score <- function(d, ratio, ...) {
  if (ratio == 1) nearest(d, distance = unit * d$score, ...)
  else nearest(d, distance = d$score, mahvars = ~score, ratio = ratio, ...)
}
for (order in c("largest", "smallest", "data")) for (ratio in c(1, 5)) {
  record(paste("propensity", order, ratio), one, by_score(one, ratio, m.order = order))
  record(paste("propensity exact caliper", order, ratio), one,
         by_score(one, ratio, m.order = order, exact = ~county, caliper = 0.05))
  record(paste("global", order, ratio), three,
         by_score(three, ratio, m.order = order, exact = ~c, unit.id = ~person))
  record(paste("within_start_year", order, ratio), three,
         by_score(three, ratio, m.order = order, exact = ~c))
}
record("as it is", one, nearest(one, distance = one$score, ratio = 5, replace = TRUE))
for (ratio in c(1, 5)) {
  record(paste("propensity replace", ratio), one,
         by_score(one, ratio, replace = TRUE))
  record(paste("mahalanobis replace", ratio), one,
         nearest(one, distance = "mahalanobis", ratio = ratio, replace = TRUE))
  record(paste("mahalanobis data", ratio), one,
         nearest(one, distance = "mahalanobis", ratio = ratio, m.order = "data"))
  record(paste("mahalanobis caliper replace", ratio), one,
         nearest(one, distance = one$score, mahvars = ~ age + education + w1 + w2,
                 caliper = 0.1, ratio = ratio, replace = TRUE))
  for (order in c("largest", "smallest", "data"))
    record(paste("mahalanobis caliper", order, ratio), one,
           nearest(one, distance = one$score, mahvars = ~ age + education + w1 + w2,
                   caliper = 0.1, ratio = ratio, m.order = order))
  record(paste("mahalanobis years", ratio), three,
         nearest(three, distance = "mahalanobis", ratio = ratio, replace = TRUE, exact = ~c))
}
discarded <- nearest(one, distance = unit * one$score, replace = TRUE, ratio = 1, discard = "treated")
record("common support", one, discarded)
write.csv(pairs, "pairs.csv", row.names = FALSE, quote = FALSE)

# --- coarsened cells --------------------------------------------------------------------------
cells <- NULL
coarsened <- function(case, ...) {
  d <- one
  rownames(d) <- seq_len(nrow(d))
  fit <- matchit(treated ~ age + education + w1, data = d, method = "cem", ...)
  kept <- !is.na(fit$subclass)
  cells <<- rbind(cells, data.frame(case = case, person = d$person[kept],
                                    treated = d$treated[kept], cell = fit$subclass[kept]))
}
coarsened("sturges")
coarsened("cutpoints", cutpoints = list(age = c(30, 40, 50), w1 = 4))
write.csv(cells, "cells.csv", row.names = FALSE, quote = FALSE)

# --- Abadie and Imbens ------------------------------------------------------------------------
# Without a small distance.tolerance, squared distances within 1e-5 of each other are ties to Match.
estimates <- NULL
estimate <- function(distance, X, adjusts, ...) {
  for (outcome in c("y0", "y2")) for (M in c(1, 5)) for (adjust in adjusts) {
    fit <- Match(Y = one[[outcome]] - one$w1, Tr = one$treated, X = X, Z = X, estimand = "ATT",
                 M = M, replace = TRUE, ties = TRUE, Var.calc = 1, sample = FALSE,
                 BiasAdjust = adjust, distance.tolerance = 1e-14, ...)
    estimates <<- rbind(estimates, data.frame(distance, outcome, M, bias_adjusted = adjust,
                                              estimate = as.numeric(fit$est), std_error = fit$se))
  }
}
estimate("score", one$score, c(FALSE, TRUE))
# Match standardises X; the weights are those of MatchIt's distance, the covariance within groups.
X <- scale(model.matrix(~ age + education + w1 + w2, one)[, -1])
within <- X
for (t in 0:1) within[one$treated == t, ] <- scale(X[one$treated == t, ], scale = FALSE)
estimate("mahalanobis", X, FALSE, Weight = 3,
         Weight.matrix = solve(crossprod(within) / (nrow(X) - 2)))
write.csv(estimates, "estimates.csv", row.names = FALSE, quote = FALSE)
writeLines(c(R.version.string, paste(c("MatchIt", "Matching"),
           c(format(packageVersion("MatchIt")), format(packageVersion("Matching"))))),
           "versions.txt")
