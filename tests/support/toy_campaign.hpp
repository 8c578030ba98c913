#pragma once

#include <cmath>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "sonde/query/criteria.hpp"
#include "sonde/run/campaign.hpp"
#include "sonde/run/run.hpp"

namespace sonde::testing_support {

/// A gate that holds the calls of an oracle until it is opened, and tells how many have come.
class Latch {
 public:
  void pass() {  ///< blocks while closed
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void await(int arrivals) {  ///< until so many have come
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= arrivals; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  bool open_ = false;
};

inline Domain toy_domain() {
  return Domain({Parameter::linear("width", 0.0, 4.0, "mm"), Parameter::log("load", 1.0, 100.0)},
                {{"slender", [](VectorView x) { return x[0] + 0.01 * x[1] - 4.2; }}});
}

inline Vector toy_value(VectorView x) {
  return Vector::Constant(1, std::sin(x[0]) * std::log(x[1]));
}

inline Oracle toy_oracle() {
  return Oracle({{"lift", "N"}}, toy_value);
}

/// Small searches, and two processes in place of three dozen: the tests look at the order of
/// things, not at their quality.
inline CampaignOptions toy_options() {
  CampaignOptions options;
  options.model.stack = {{}, {.form = Form::Anova, .linear = true}};
  options.synthesis.candidates = 48;
  options.synthesis.starts = 2;
  options.synthesis.optimize.max_evaluations = 20;
  return options;
}

inline Campaign toy_campaign(std::uint64_t seed = 1, CampaignOptions options = toy_options()) {
  return Campaign(toy_domain(), {{"lift", "N"}}, criteria::integrated_variance(32),
                  std::move(options), seed);
}

inline Answer ok(double y) {
  Answer answer;
  answer.status = Answer::Status::Ok;
  answer.y = Vector::Constant(1, y);
  return answer;
}

inline Answer failed(std::string kind = "exit status", std::string message = "status 1") {
  Answer answer;
  answer.status = Answer::Status::Failed;
  answer.kind = std::move(kind);
  answer.message = std::move(message);
  return answer;
}

/// Answers query `id` by the toy's value.
inline void answer_truly(Campaign& campaign, Index id) {
  const Vector& x = campaign.queries()[static_cast<std::size_t>(id)].x;
  campaign.apply(Answered{id, ok(toy_value(x)[0])});
}

/// Proposes k and answers them, until `total` are asked.
inline void grow(Campaign& campaign, Index total, Index k = 1) {
  while (campaign.asked() < total) {
    const Asked asked = campaign.propose(std::min(k, total - campaign.asked()));
    campaign.apply(asked);
    for (const Query& query : asked.queries) answer_truly(campaign, query.id);
  }
}

inline std::string bits(const Vector& x) {
  std::string bytes(static_cast<std::size_t>(x.size()) * sizeof(double), '\0');
  if (x.size() > 0) std::memcpy(bytes.data(), x.data(), bytes.size());
  return bytes;
}

/// Everything of a query but its name, bit for bit.
inline bool same(const Query& a, const Query& b) {
  const bool worth = a.worth == b.worth || (std::isnan(a.worth) && std::isnan(b.worth));
  return a.id == b.id && bits(a.x) == bits(b.x) && a.why == b.why && worth &&
         bits(a.mean) == bits(b.mean) && bits(a.deviation) == bits(b.deviation);
}

inline bool same(const std::vector<Query>& a, const std::vector<Query>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same(a[i], b[i])) return false;
  }
  return true;
}

inline bool same(const Matrix& p, const Matrix& q) {
  return p.rows() == q.rows() && p.cols() == q.cols() && (p.size() == 0 || p == q);
}

inline bool same(const Asked& a, const Asked& b) {
  if (!same(a.queries, b.queries) || a.model != b.model) return false;
  if (!a.fitted || !b.fitted) return a.fitted.has_value() == b.fitted.has_value();
  return a.fitted->rows == b.fitted->rows && same(a.fitted->parameters, b.fitted->parameters);
}

}  // namespace sonde::testing_support
