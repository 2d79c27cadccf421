# The odds-weighted effect on the treated in MatchIt's `lalonde`, with two standard errors: weights
# taken as fixed (sandwich, HC0), and weights estimated (stacked estimating equations).
#
#     Rscript tests/oracle/weighting/lalonde.R tests/oracle/weighting
#
# Writes lalonde.csv (185 men of the NSW programme, 429 of the PSID; LaLonde 1986, Dehejia and Wahba
# 1999, as shipped by MatchIt) and ipw.csv.
suppressMessages({library(MatchIt); library(sandwich)})
folder <- commandArgs(trailingOnly = TRUE)[1]
data(lalonde)
write.csv(lalonde, file.path(folder, "lalonde.csv"), row.names = FALSE, quote = FALSE)

model <- glm(treat ~ age + educ + race + married + nodegree + re74 + re75, binomial, lalonde,
             control = glm.control(epsilon = 1e-14, maxit = 50))
p <- fitted(model)
lalonde$w <- ifelse(lalonde$treat == 1, 1, p / (1 - p))
fit <- lm(re78 ~ treat, lalonde, weights = w)
fixed <- sqrt(vcovHC(fit, "HC0")["treat", "treat"])

# Scores of the logit beside those of the weighted regression; the derivative of the latter with
# respect to the logit's coefficients is that of its weights: odds change by odds * x.
X <- model.matrix(model)
D <- cbind(1, lalonde$treat)
r <- residuals(fit)
psi <- cbind(X * (lalonde$treat - p), D * (lalonde$w * r))
k <- ncol(X)
A <- matrix(0, k + 2, k + 2)
A[1:k, 1:k] <- -crossprod(X, X * (p * (1 - p)))
A[k + 1:2, k + 1:2] <- -crossprod(D, D * lalonde$w)
A[k + 1:2, 1:k] <- crossprod(D * (lalonde$w * r * (1 - lalonde$treat)), X)
V <- solve(A) %*% crossprod(psi) %*% t(solve(A))
result <- data.frame(estimate = coef(fit)[["treat"]], se_fixed = fixed,
                     se_estimated = sqrt(V[k + 2, k + 2]))
write.csv(format(result, digits = 15), file.path(folder, "ipw.csv"), row.names = FALSE,
          quote = FALSE)
writeLines(c(R.version.string, paste("MatchIt", packageVersion("MatchIt")),
             paste("sandwich", packageVersion("sandwich"))), file.path(folder, "versions.txt"))
