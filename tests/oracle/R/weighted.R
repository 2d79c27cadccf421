# What R's Matching estimates for those who start with observation weights, on register.csv (the
# risk set of 2016): one nearest by the wage of the year before, weights 1 to 4 by birth year.
#
#   cd tests/oracle/R && Rscript weighted.R
#
# Prints the estimate that tests/oracle/test_design_weights.py has. R 4.2.2, Matching 4.10-8 (Debian
# 12). Matching takes weights for numbers of copies: with more than one neighbour it stops looking
# where the weights of controls add up to M, and its errors are those of as many persons.
suppressMessages(library(Matching))
wide <- read.csv("register.csv", stringsAsFactors = FALSE)
d <- wide[wide$start_year %in% c(0, 2016), ]
m <- Match(d$wage_2018 - d$wage_2015, as.integer(d$start_year == 2016), as.numeric(d$wage_2015), M = 1,
           estimand = "ATT", weights = as.numeric(1 + d$birth_year %% 4), distance.tolerance = 1e-18)
cat(format(c(m$est), digits = 16), "\n")
