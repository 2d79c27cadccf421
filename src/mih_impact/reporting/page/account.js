// The account, reckoned from the coefficients that Python exported. It knows no rule of the account:
// what the ledger is stands in the data. It follows tests/property/export_reference.py, name by
// name, and is tested against it.
"use strict";

const range = (n) => Array.from({ length: n }, (_, i) => i);
const total = (terms) => terms.reduce((sum, term) => sum + term, 0);

// The flows are affine in each of some assumptions: the weighted mean of the corners where each is
// 0 or 1. In the corner at place c, parameter i is 1 where bit i of c is set.
function mixed(block, at) {
  const weights = block.corners.map((_, c) => block.parameters.reduce(
    (weight, name, i) => weight * ((c >> i) & 1 ? at[name] : 1 - at[name]), 1));
  return block.corners[0].map((row, i) => row.map((_, j) =>
    total(block.corners.map((table, c) => weights[c] * table[i][j]))));
}

function discountFactors(discount, firstRate, timing, horizon) {
  const share = { start: 0, middle: 0.5, end: 1 }[timing];
  let start = 1;
  return range(horizon).map((t) => {
    const step = discount.ladder.findIndex(([last]) => last === null || t + 1 <= last);
    const growth = 1 + (step === 0 ? firstRate : discount.ladder[step][1]);
    const factor = start / growth ** share;
    start /= growth;
    return factor;
  });
}

// What is left of the last estimated effect in each later year, by outcome.
function sharesKept(account, at, more) {
  const share = (m) => at.persistence === "half_life" ? 0.5 ** (m / at.half_life)
    : at.persistence === "linear" ? 1 - m / (more + 1) : 1;
  return account.grows.map((grows) => range(more).map(
    (i) => share(i + 1) * (1 + (grows ? account.real_growth : 0)) ** (i + 1)));
}

// The cumulative distribution function of the normal distribution (Marsaglia 2004).
function normal(x) {
  if (Math.abs(x) > 8) return x > 0 ? 1 : 0;
  let sum = x, term = x;
  for (let i = 3; Math.abs(term) > 1e-17 * Math.abs(sum); i += 2) sum += term *= x * x / i;
  return 0.5 + sum * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

function costScale(account, at) {
  const slider = account.sliders.find(({ name }) => name === "programme_cost");
  return slider ? at.programme_cost / slider.value : 1;
}

// Value, interval and break-even of one group, from its discounted flows and their weights c.
function summed(account, flows, weights) {
  const cumulative = [], reach = account.covariance && [];
  flows.reduce((sum, flow, t) => cumulative[t] = sum + flow, 0);
  if (reach) weights.forEach((c, t) => {
    const variance = total(c.map((a, i) => a === 0 ? 0
      : a * total(c.map((b, j) => b * account.covariance[i][j]))));
    reach[t] = account.quantile * Math.sqrt(Math.max(variance, 0));
  });
  const tolerance = 1e-9 * Math.max(...flows.map(Math.abs));
  const after = cumulative.findLastIndex((value) => value < -tolerance) + 1;
  const last = flows.length - 1, value = cumulative[last];
  return {
    value, cumulative, reach,
    low: reach && value - reach[last],
    high: reach && value + reach[last],
    break_even: after <= last ? after : null,
  };
}

function evaluate(account, at) {
  const more = at.persistence === "none" ? 0 : at.years_more;
  const years = account.estimated, horizon = years + more, scale = costScale(account, at);
  const kept = sharesKept(account, at, more);
  const path = account.effects.map((effects, r) =>
    [...effects, ...kept[r].map((share) => share * effects[years - 1])]);
  const factorsAt = (timing) =>
    discountFactors(account.discount, at.discount_rate, timing, horizon);
  const factors = factorsAt(account.discount.timing);
  const table = mixed(account.coefficients, at);
  const constants = account.constants.map((part) => ({
    factors: factorsAt(part.timing),
    programme: mixed(part.programme, at),
    rest: mixed(part.rest, at),
  }));
  const groups = {};
  account.groups.forEach(({ name }, g) => {
    const flows = range(horizon).map((t) =>
      factors[t] * total(path.map((effects, r) => table[g][r] * effects[t]))
      + total(constants.map((part) =>
        part.factors[t] * (scale * part.programme[g][t] + part.rest[g][t]))));
    const c = path.flatMap(() => Array(years).fill(0));
    const weights = range(horizon).map((t) => {
      path.forEach((_, r) => {
        c[r * years + Math.min(t, years - 1)] +=
          table[g][r] * factors[t] * (t < years ? 1 : kept[r][t - years]);
      });
      return name === "society" || t === horizon - 1 ? [...c] : [];  // who else shows a band?
    });
    groups[name] = summed(account, flows, weights);
  });
  const { value, reach } = groups.society;
  const spread = reach && reach[horizon - 1] / account.quantile;
  const cash = mixed(account.cash.coefficients, at);
  return {
    horizon, groups,
    probability: reach && (spread > 0 ? normal(value / spread) : Number(value > 0)),
    certain: spread === 0,
    cash: account.cash.rows.map((_, k) => range(horizon).map((t) =>
      scale * account.cash.programme[k][t] + account.cash.rest[k][t]
      + total(path.map((effects, r) => cash[k][r] * effects[t])))),
  };
}
