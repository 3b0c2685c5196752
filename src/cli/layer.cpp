// `wafersim layer`: one matrix product at several sparsities, and what limits each.
#include "wafersim/study/layer.hpp"

#include <map>
#include <optional>

#include <fmt/format.h>

#include "wafersim/base/error.hpp"
#include "wafersim/base/exit_code.hpp"
#include "wafersim/base/parse.hpp"

#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "cli/progress.hpp"

namespace wafersim::cli {
namespace {

namespace po = boost::program_options;

constexpr std::uint64_t kMostFeatures = 1'000'000;
constexpr std::uint64_t kMostTokens = 1'000'000'000;

Usage usage() {
  Usage usage{
      .synopsis =
          "wafersim layer MACHINE --size OUTxIN --tokens N [--sparsity LEVEL,...] "
          "[--mask uniform|block:SIZE|N:M] [--fidelity flow|sampled|folded]",
      .explanation =
          "One matrix of weights that streams through a wafer on which the activations of N tokens lie:\n"
          "dense, and pruned to each of the levels. How much faster each level is, how much counting\n"
          "multiplications promises, and what takes the difference.\n\n"
          "examples:\n"
          "  wafersim layer configs/machine/cs2.yaml --size 12288x12288 --tokens 65536\n"
          "  wafersim layer configs/machine/cs2.yaml --size 12288x12288 --tokens 65536 --sparsity 0.9 \\\n"
          "      --fidelity folded\n"
          "  wafersim layer configs/machine/cs2.yaml --size 12288x12288 --tokens 65536 --mask block:16 \\\n"
          "      --set wafer.pe.skip_block=16\n",
      .options = po::options_description{"options"},
      .operands = {"MACHINE"},
      .required_operands = 1};
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  usage.options.add_options()                                                   //
      ("size", text("OUTxIN"), "features that the layer makes, and takes")      //
      ("tokens", text("N"), "tokens whose activations lie on the wafer")        //
      ("sparsity", text("LEVEL,...")->default_value("0.5,0.75,0.9,0.95,0.99"),  //
       "shares of the weights that are pruned, beside the dense matrix")        //
      ("mask", text("PATTERN")->default_value("uniform"),
       "weights that stay: uniform, each by itself; block:SIZE, neighbouring inputs together; N:M, N of\n"
       "every M, which fixes the level")  //
      ("accumulate", text("NAME")->default_value("mixed"),
       "fp16, mixed (FP16, added up in FP32) or fp32 (weights of 4 bytes, too)")  //
      ("fidelity", text("NAME")->default_value("flow"),
       "flow: closed forms; folded: the program on the mesh, wavelet by wavelet, about a minute a level; "
       "sampled: only as many output features as the rest follows from")  //
      ("seed", text("N")->default_value("1"), "of the masks")             //
      ("set", po::value<std::vector<std::string>>()->value_name("KEY=VALUE")->composing(),
       "change a key of the machine (wafer.mapping.groups pins the groups); may be repeated")  //
      ("format", text("NAME")->default_value("text"), "text, json or csv")                     //
      ("output,o", text("FILE"), "write there instead of standard output")                     //
      ("quiet,q", "no progress");
  return usage;
}

std::uint64_t count_of(const Parsed& parsed, const std::string& name, std::uint64_t least,
                       std::uint64_t most) {
  if (!parsed.has(name)) refuse("--" + name, "is missing (see wafersim layer --help)");
  const wafersim::Parsed<std::uint64_t> count = parse_count(parsed.text(name));
  if (!count.value || *count.value < least || *count.value > most)
    refuse("--" + name,
           fmt::format("expected a whole number from {} to {}, got '{}'", least, most, parsed.text(name)));
  return *count.value;
}

GridSize size_of(const Parsed& parsed) {
  if (!parsed.has("size")) refuse("--size", "is missing (see wafersim layer --help)");
  const wafersim::Parsed<GridSize> size = parse_grid(parsed.text("size"));
  if (!size.value || size.value->columns > kMostFeatures || size.value->rows > kMostFeatures)
    refuse("--size", fmt::format("expected OUTxIN, each from 1 to {}, such as 12288x12288, got '{}'",
                                 kMostFeatures, parsed.text("size")));
  return *size.value;
}

std::vector<Fraction> levels_of(const std::string& text) {
  std::vector<Fraction> levels;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    const wafersim::Parsed<Fraction> level = parse_fraction(word);
    if (!level.value || level.value->billionths >= Fraction::kOne)
      refuse("--sparsity", fmt::format("expected shares from 0 to below 1, such as 0.5,0.9, got '{}'", word));
    levels.push_back(*level.value);
    begin = end + 1;
  }
  return levels;
}

MaskPattern mask_of(const Parsed& parsed) {
  const wafersim::Parsed<MaskPattern> mask = parse_mask_pattern(parsed.text("mask"));
  if (!mask.value) refuse("--mask", mask.problem);
  return *mask.value;
}

LayerRequest request_from(const Parsed& parsed) {
  static const std::map<std::string, Fidelity> kFidelities{
      {"flow", Fidelity::flow}, {"sampled", Fidelity::sampled}, {"folded", Fidelity::folded}};
  static const std::map<std::string, Arithmetic> kArithmetics{
      {"fp16", Arithmetic::fp16}, {"mixed", Arithmetic::mixed}, {"fp32", Arithmetic::fp32}};
  const GridSize size = size_of(parsed);
  const MaskPattern mask = mask_of(parsed);
  // N:M has a level of its own, so that the usual ones do not hold beside it.
  const bool own_level = mask.of > 0 && parsed.values["sparsity"].defaulted();
  return {.out = size.columns,
          .in = size.rows,
          .tokens = count_of(parsed, "tokens", 1, kMostTokens),
          .pruned = own_level ? std::vector<Fraction>{} : levels_of(parsed.text("sparsity")),
          .mask = mask,
          .arithmetic = kArithmetics.at(one_of(parsed, "accumulate", {"fp16", "mixed", "fp32"})),
          .fidelity = kFidelities.at(one_of(parsed, "fidelity", {"flow", "sampled", "folded"})),
          .seed = count_of(parsed, "seed", 0, ~std::uint64_t{0})};
}

}  // namespace

int layer_command(const Arguments& arguments) {
  Usage how = usage();
  const Parsed parsed = parse(how, arguments);
  if (parsed.help) return ExitCode::done;
  const std::string format = one_of(parsed, "format", {"text", "json", "csv"});
  check_outputs(parsed, {"output"});
  LayerRequest request = request_from(parsed);
  const MachineSpec machine = machine_from(parsed.operands[0], Overrides{parsed.list("set")});
  std::optional<Progress> progress;
  if (!parsed.has("quiet")) {
    progress.emplace("simulating");
    request.on_progress = [&progress](double done) { progress->show(done); };
  }
  const LayerReport report = study_layer(machine, request);
  progress.reset();
  deliver(parsed, format == "json"  ? write_json(report)
                  : format == "csv" ? write_csv(report)
                                    : write_text(report));
  return ExitCode::done;
}

}  // namespace wafersim::cli
