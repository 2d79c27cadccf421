# Group-time effects of panel.csv by the estimators of R's DRDID (its files are read where they lie,
# none is kept here; 1.2.3). Base period universal, controls never start.
# Rscript drdid.R <folder R of DRDID's source>
folder <- commandArgs(trailingOnly = TRUE)[1]
# R's own glm.fit, run to the last digit, stands in for the package fastglm.
fastglm_here <- function(x, y, family, weights, intercept = FALSE, method = 0) {
  fit <- stats::glm.fit(x, y, weights = weights, family = family,
                        control = stats::glm.control(epsilon = 1e-14, maxit = 100))
  structure(fit[c("coefficients", "fitted.values", "converged")], class = "plain")
}
fitted <- function(object) object$fitted.values
for (name in c("drdid_panel", "std_ipw_did_panel", "reg_did_panel")) {
  text <- readLines(file.path(folder, paste0(name, ".R")))
  eval(parse(text = gsub("fastglm::fastglm", "fastglm_here", text, fixed = TRUE)))
}
panel <- utils::read.csv("panel.csv")
estimators <- list(dr = drdid_panel, ipw = std_ipw_did_panel, reg = reg_did_panel)
rows <- list()
for (g in c(2013, 2014)) for (t in 2010:2015) if (t != g - 1) {
  used <- panel[panel$start %in% c(0, g), ]
  for (kind in names(estimators)) {
    fit <- estimators[[kind]](
      y1 = used[[paste0("y", t)]], y0 = used[[paste0("y", g - 1)]], D = as.numeric(used$start == g),
      covariates = cbind(1, used$x1, used$x2), inffunc = TRUE)
    # att_gt of R's did: the root of the mean square of influence over n (no degrees of freedom)
    se <- sqrt(mean(fit$att.inf.func^2) / nrow(used))
    rows[[length(rows) + 1]] <- data.frame(estimator = kind, group = g, year = t, att = fit$ATT, se = se)
  }
}
options(digits = 16)
utils::write.csv(do.call(rbind, rows), "results.csv", row.names = FALSE)
