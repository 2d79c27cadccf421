# What R's Matching and MatchIt choose on register.csv by other distances than the log odds.
#
#   cd tests/oracle/R && Rscript distances.R
#
# writes distances.csv (pairs) and distances_versions.txt. Recorded with R 4.2.2, MatchIt 4.5.1 and
# Matching 4.10-8 (Debian 12). Ratio 1, with replacement, no caliper, the risk set of 2016; a
# category has one value left out where the distance does not ask which, and the number alone
# otherwise (age, w1, w2).
suppressMessages({ library(MatchIt); library(Matching) })
options(digits = 15, warn = 1)
wide <- read.csv("register.csv", stringsAsFactors = FALSE)
d <- wide[wide$start_year %in% c(0, 2016), ]
d <- data.frame(person = d$person, treated = as.integer(d$start_year == 2016),
                age = 2015 - d$birth_year, education = factor(d$education),
                w1 = d$wage_2015, w2 = d$wage_2014)
full <- model.matrix(~ age + education + w1 + w2, d)[, -1]
numbers <- as.matrix(d[c("age", "w1", "w2")])
pairs <- NULL
record <- function(case, X, ...) {
  fit <- Match(Tr = d$treated, X = X, estimand = "ATT", M = 1, replace = TRUE, ties = TRUE,
               distance.tolerance = 1e-14, ...)
  pairs <<- rbind(pairs, data.frame(case, participant = d$person[fit$index.treated],
                                    control = d$person[fit$index.control]))
}
score <- glm(treated ~ age + education + w1 + w2, data = d, family = binomial,
             control = list(epsilon = 1e-14, maxit = 100))
record("probability", fitted(score))
record("propensity", predict(score))
record("mahalanobis_total", full, Weight = 2)
record("inverse_variance", numbers, Weight = 1)
# Match divides X by its standard deviations: weights bring the plain distance back.
record("euclidean", numbers, Weight = 3, Weight.matrix = diag(apply(numbers, 2, var)))
# Ranks (Rosenbaum 2010): Debian's MatchIt 4.5.1 takes the determinant of nothing there and stops,
# so the formula of its source is written out: `var_r` of transform_covariates.
ranks <- apply(numbers, 2, rank)
by <- sd(seq_len(nrow(d))) / apply(ranks, 2, sd)
inverse <- solve(cov(ranks) * outer(by, by))
s <- apply(ranks, 2, sd)
record("robust_mahalanobis", ranks, Weight = 3, Weight.matrix = inverse * outer(s, s))
# MatchIt's own default: nearest on the probability without replacement, the largest first. In
# units of 1e-7, since its search cuts differences to whole numbers; see matching.R.
d$score <- 1e7 * fitted(score)
rownames(d) <- seq_len(nrow(d))
mm <- matchit(treated ~ age, data = d, method = "nearest", distance = d$score)$match.matrix
pairs <- rbind(pairs, data.frame(case = "matchit", participant = d$person[as.integer(rownames(mm))],
                                 control = d$person[as.integer(mm[, 1])]))
write.csv(pairs, "distances.csv", row.names = FALSE, quote = FALSE)
writeLines(c(R.version.string, paste(c("MatchIt", "Matching"),
           c(format(packageVersion("MatchIt")), format(packageVersion("Matching"))))),
           "distances_versions.txt")
