// A layer at several sparsities as a table, as CSV and as JSON.
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "wafersim/kernel/mesh/ws_timer.hpp"
#include "wafersim/report/format.hpp"
#include "wafersim/report/table.hpp"
#include "wafersim/study/layer.hpp"

namespace wafersim {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kTerminal = 100;
constexpr std::ptrdiff_t kZeros = 7;  // column of the table

// As `--accumulate` calls it.
const char* word(Arithmetic arithmetic) {
  constexpr std::array kWords{"fp16", "mixed", "fp32"};
  return kWords.at(static_cast<std::size_t>(arithmetic));
}

// What is not as usual: each weight pruned by itself, and skipped by itself.
std::string masks(const LayerReport& report) {
  std::string text;
  if (report.request.mask != MaskPattern{}) text += fmt::format("Masks: {}.\n", spell(report.request.mask));
  if (report.skip_block > 1)
    text += fmt::format("What if cores could skip only whole blocks of {} neighbouring inputs?\n",
                        report.skip_block);
  return text;
}

std::string how(const LayerReport& report) {
  switch (report.request.fidelity) {
    case Fidelity::flow:
      return "Cycles from closed forms.";
    case Fidelity::sampled:
      return "Cycles from the program on the mesh, wavelet by wavelet, for as many output features as the "
             "rest "
             "follows from.";
    case Fidelity::folded:
      return "Cycles from the program on the mesh, wavelet by wavelet, all output features; equal rows and "
             "groups of columns run once.";
  }
  return {};
}

// The sentence that a reader takes away: of the level with the greatest gap to its ideal.
std::string conclusion(const LayerReport& report) {
  const LayerLevel* far = nullptr;
  for (const LayerLevel& level : report.levels) {
    if (far == nullptr || level.ideal / level.speedup > far->ideal / far->speedup) far = &level;
  }
  if (far == nullptr || far->pruned.billionths == 0) return {};
  return fmt::format(
      "At {} the product is {:.2f} times as fast as dense, of {:.1f} that counting multiplications promises; "
      "the largest loss is {}.",
      percent(static_cast<double>(far->pruned.billionths) / static_cast<double>(Fraction::kOne)),
      far->speedup, far->ideal, far->limit);
}

std::string share(Cycles part, const LayerLevel& level) {
  return percent(share_of(part, level.time.total));
}

// Zeros have a column where cores cannot skip each by itself.
Table table_of(const LayerReport& report) {
  const bool blocks = report.skip_block > 1;
  std::vector<TableColumn> columns{{"pruned"},    {"groups"},    {"cycles"},   {"speed-up"},
                                   {"ideal"},     {"products"},  {"overhead"}, {"uneven"},
                                   {"reduction"}, {"streaming"}, {"fill"}};
  if (blocks) columns.insert(columns.begin() + kZeros, TableColumn{"zeros"});
  Table table{columns};
  for (const LayerLevel& level : report.levels) {
    const LayerTime& time = level.time;
    std::vector<std::string> cells{level.pruned.billionths == 0 ? "dense" : spell(level.pruned),
                                   grouped(level.groups),
                                   grouped(time.total.count()),
                                   fmt::format("{:.2f}", level.speedup),
                                   fmt::format("{:.1f}", level.ideal),
                                   share(time.products, level),
                                   share(time.overhead, level),
                                   share(time.imbalance, level),
                                   share(time.reduction, level),
                                   share(time.streaming, level),
                                   share(time.fill, level)};
    if (blocks) cells.insert(cells.begin() + kZeros, share(time.zeros, level));
    table.add(cells);
  }
  return table;
}

std::string explanation(const LayerReport& report) {
  return fmt::format(
      "products: multiplies; overhead: dispatches and issues for arriving weights; {}uneven: columns wait "
      "for the fullest; reduction: sums along the row that products do not cover; streaming: weights come "
      "slower than they are used.",
      report.skip_block > 1 ? "zeros: both again, for zeros in blocks that cores cannot skip; " : "");
}

}  // namespace

std::string write_text(const LayerReport& report) {
  const LayerRequest& request = report.request;
  std::string text = fmt::format("{} x {} weights, {} tokens resident, on {}\n", grouped(request.out),
                                 grouped(request.in), grouped(request.tokens), report.machine);
  text += masks(report) + wrapped(how(report), kTerminal, 2) + "\n\n";
  text += table_of(report).text();
  text += "\n" + wrapped(explanation(report), kTerminal, 2);
  const std::string last = conclusion(report);
  return text + "\n" + (last.empty() ? "" : wrapped(last, kTerminal, 2) + "\n");
}

std::string write_csv(const LayerReport& report) {
  std::string text =
      "pruned,kept,sent,groups,columns,tokens_per_pe,streamed_bytes,cycles,speedup,ideal_speedup,products,"
      "overhead,zeros,imbalance,reduction,streaming,fill,flow_cycles,outputs_run,limit\n";
  for (const LayerLevel& it : report.levels) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", spell(it.pruned),
                        it.kept, it.sent, it.groups, it.columns, it.tokens_per_pe, it.streamed.count(),
                        it.time.total.count(), it.speedup, it.ideal, it.time.products.count(),
                        it.time.overhead.count(), it.time.zeros.count(), it.time.imbalance.count(),
                        it.time.reduction.count(), it.time.streaming.count(), it.time.fill.count(),
                        it.flow.count(), it.outputs_run, it.limit);
  }
  return text;
}

std::string write_json(const LayerReport& report) {
  const LayerRequest& request = report.request;
  Json document = {{"schema", "wafersim.layer/1"},
                   {"machine", report.machine},
                   {"out", request.out},
                   {"in", request.in},
                   {"tokens", request.tokens},
                   {"mask", spell(request.mask)},
                   {"skip_block", report.skip_block},
                   {"accumulate", word(request.arithmetic)},
                   {"fidelity", to_string(request.fidelity)},
                   {"seed", request.seed},
                   {"levels", Json::array()}};
  for (const LayerLevel& it : report.levels) {
    document["levels"].push_back({{"pruned", static_cast<double>(it.pruned.billionths) / Fraction::kOne},
                                  {"kept", it.kept},
                                  {"sent", it.sent},
                                  {"groups", it.groups},
                                  {"columns", it.columns},
                                  {"tokens_per_pe", it.tokens_per_pe},
                                  {"streamed_bytes", it.streamed.count()},
                                  {"cycles", it.time.total.count()},
                                  {"speedup", it.speedup},
                                  {"ideal_speedup", it.ideal},
                                  {"parts",
                                   {{"products", it.time.products.count()},
                                    {"overhead", it.time.overhead.count()},
                                    {"zeros", it.time.zeros.count()},
                                    {"imbalance", it.time.imbalance.count()},
                                    {"reduction", it.time.reduction.count()},
                                    {"streaming", it.time.streaming.count()},
                                    {"fill", it.time.fill.count()}}},
                                  {"flow_cycles", it.flow.count()},
                                  {"outputs_run", it.outputs_run},
                                  {"limit", it.limit}});
  }
  return document.dump(2) + "\n";
}

}  // namespace wafersim
