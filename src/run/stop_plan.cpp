#include "sonde/run/stop_plan.hpp"

#include <algorithm>
#include <cctype>
#include <functional>
#include <utility>

#include "sonde/base/error.hpp"

namespace sonde {
namespace {

// formula = part { "or" part }, part = item { "and" item }, item = name | "(" formula ")".
// \param Value what a name stands for, with any() and all() of several
template <class Value>
class Formula {
 public:
  using Named = std::function<Value(const std::string& name)>;
  using Joined = std::function<Value(std::vector<Value>)>;

  Formula(const std::string& text, Named named, Joined any, Joined all)
      : text_(text), named_(std::move(named)), any_(std::move(any)), all_(std::move(all)) {
    next();
  }

  Value value() {
    Value whole = either(0);
    require(word_.empty(), "expected 'and', 'or' or the end of '", text_, "', got '", word_, "'");
    return whole;
  }

 private:
  static constexpr int deepest = 32;

  void next() {
    const auto blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
    while (at_ < text_.size() && blank(text_[at_])) ++at_;
    word_.clear();
    if (at_ < text_.size() && (text_[at_] == '(' || text_[at_] == ')')) {
      word_ = text_[at_++];
      return;
    }
    while (at_ < text_.size() && !blank(text_[at_]) && text_[at_] != '(' && text_[at_] != ')')
      word_ += text_[at_++];
  }

  Value either(int depth) {
    std::vector<Value> parts{both(depth)};
    while (word_ == "or") {
      next();
      parts.push_back(both(depth));
    }
    return parts.size() == 1 ? parts.front() : any_(std::move(parts));
  }

  Value both(int depth) {
    std::vector<Value> parts{item(depth)};
    while (word_ == "and") {
      next();
      parts.push_back(item(depth));
    }
    return parts.size() == 1 ? parts.front() : all_(std::move(parts));
  }

  Value item(int depth) {
    require(depth < deepest, "expected at most ", deepest, " parentheses inside each other");
    if (word_ == "(") {
      next();
      Value inside = either(depth + 1);
      require(word_ == ")", "expected ')' in '", text_, "'",
              word_.empty() ? std::string(" at its end") : ", got '" + word_ + "'");
      next();
      return inside;
    }
    require(!word_.empty() && word_ != ")" && word_ != "and" && word_ != "or",
            "expected the name of a key", word_.empty() ? " at the end of '" : " in '", text_, "'",
            word_.empty() ? std::string() : ", got '" + word_ + "'");
    const std::string name = word_;
    next();
    return named_(name);
  }

  std::string text_;
  Named named_;
  Joined any_;
  Joined all_;
  std::size_t at_ = 0;
  std::string word_;
};

std::string listed(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "'" : ", '") + name + "'";
  return all;
}

StopRule rule_named(const std::string& name, const StopPlan& plan, const StopContext& context) {
  if (name == "runs") return after_queries(*plan.runs);
  if (name == "wall") return after_seconds(*plan.wall_seconds, context.seconds_before);
  if (name == "cost") return after_cost(context.cost, *plan.cost);
  if (name == "error") return below_error(*plan.error);
  if (name == "error_in") return below_error_in(context.segments, plan.error_in);
  if (name == "held_out") return below_error_held_out(*plan.held_out);
  if (name == "plateau") return plateau(*plan.plateau);
  if (name == "worth") return below_worth(*plan.worth);
  if (name == "marginal") return costs_more_than_it_brings(context.cost);
  return plan.tolerance == StopPlan::Judge::HeldOut ? within_tolerances_held_out(context.tolerances)
                                                    : within_tolerances(context.tolerances);
}

// Every key that is given must be used, and none that is not.
void check(const StopPlan& plan) {
  const std::vector<std::string> given = plan.given();
  std::vector<std::string> used;
  const auto nothing = [](std::vector<bool>) { return false; };
  Formula<bool>(
      plan.when,
      [&](const std::string& name) {
        require(!given.empty(), "no other key is given that '", plan.when, "' could name");
        require(std::find(given.begin(), given.end(), name) != given.end(), "expected one of ",
                listed(given), ", the keys that are given; got '", name, "'");
        used.push_back(name);
        return false;
      },
      nothing, nothing)
      .value();
  for (const std::string& name : given)
    require(std::find(used.begin(), used.end(), name) != used.end(), "'", name,
            "' is given and not named in '", plan.when, "'");
}

}  // namespace

std::vector<std::string> StopPlan::given() const {
  std::vector<std::string> names;
  const auto add = [&](bool is, const char* name) {
    if (is) names.emplace_back(name);
  };
  add(runs.has_value(), "runs");
  add(wall_seconds.has_value(), "wall");
  add(cost.has_value(), "cost");
  add(error.has_value(), "error");
  add(!error_in.empty(), "error_in");
  add(held_out.has_value(), "held_out");
  add(tolerance != Judge::None, "tolerance");
  add(plateau.has_value(), "plateau");
  add(worth.has_value(), "worth");
  add(marginal, "marginal");
  return names;
}

StopRule stop_rule(const StopPlan& plan, const StopContext& context) {
  const std::vector<std::string> given = plan.given();
  if (!plan.when.empty()) check(plan);
  if (given.empty()) return after_queries(queries_at_most(plan, context.dim));
  if (plan.when.empty()) {
    std::vector<StopRule> rules;
    for (const std::string& name : given) rules.push_back(rule_named(name, plan, context));
    return any_of(std::move(rules));
  }
  return Formula<StopRule>(
             plan.when, [&](const std::string& name) { return rule_named(name, plan, context); },
             any_of, all_of)
      .value();
}

Index queries_at_most(const StopPlan& plan, Index dim) {
  if (plan.given().empty()) return 10 * dim;
  if (!plan.runs) return 0;
  if (plan.when.empty()) return *plan.runs;
  check(plan);
  const bool alone = Formula<bool>(
                         plan.when, [](const std::string& name) { return name == "runs"; },
                         [](const std::vector<bool>& parts) {
                           return std::find(parts.begin(), parts.end(), true) != parts.end();
                         },
                         [](const std::vector<bool>& parts) {
                           return std::find(parts.begin(), parts.end(), false) == parts.end();
                         })
                         .value();
  return alone ? *plan.runs : 0;
}

}  // namespace sonde
