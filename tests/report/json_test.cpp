// The names in a result are fixed, its integers exact, its inputs whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "wafersim/report/run_report.hpp"

#include "report/outcome_fixture.hpp"

namespace wafersim {
namespace {

using Json = nlohmann::ordered_json;
using testing::ElementsAre;

std::vector<std::string> names(const Json& object) {
  std::vector<std::string> all;
  for (const auto& [key, value] : object.items()) all.push_back(key);
  return all;
}

// The first `count` names; more may follow.
std::vector<std::string> first_names(const Json& object, std::size_t count) {
  std::vector<std::string> all = names(object);
  all.resize(std::min(all.size(), count));
  return all;
}

TEST(RunJson, HasTheFixedNamesInTheirOrder) {
  const Json json = Json::parse(write_json(test::report()));
  EXPECT_THAT(first_names(json, 9), ElementsAre("schema", "version", "inputs", "step", "layers", "stations",
                                                "attribution", "memory", "sparsity"));
  EXPECT_EQ(json["schema"], "wafersim.run/1");
  EXPECT_EQ(json["version"], "9.9.9");
  EXPECT_THAT(names(json["inputs"]), ElementsAre("machine", "workload", "seed"));
  EXPECT_THAT(first_names(json["step"], 9),
              ElementsAre("cycles", "time_ps", "first_step_cycles", "samples_per_second", "tokens_per_second",
                          "flops_done", "flops_skipped", "utilization", "bottleneck"));
  EXPECT_THAT(first_names(json["layers"][0], 13),
              ElementsAre("name", "kind", "forward_cycles", "backward_cycles", "update_cycles",
                          "compute_cycles", "stream_wait_cycles", "reduce_wait_cycles", "update_wait_cycles",
                          "weights", "nonzero_weights", "bytes_in", "bytes_out"));
  EXPECT_THAT(first_names(json["stations"][0], 5), ElementsAre("name", "bytes", "achieved_bytes_per_second",
                                                               "peak_bytes_per_second", "busy_fraction"));
  EXPECT_THAT(names(json["attribution"][0]), ElementsAre("part", "cycles", "step_cycles_if_infinite"));
  EXPECT_THAT(names(json["memory"][0]), ElementsAre("name", "used_bytes", "capacity_bytes", "largest"));
  EXPECT_THAT(first_names(json["sparsity"], 6),
              ElementsAre("weights_skipped", "flops_skipped", "bytes_skipped", "dense_step_cycles", "speedup",
                          "ideal_speedup"));
}

TEST(RunJson, WritesIntegersBeyond64BitsExactly) {
  const std::string text = write_json(test::report());
  EXPECT_THAT(text, testing::HasSubstr("\"flops_done\": 1267650600228229401496703205376,"));
}

TEST(RunJson, ADenseRunIsItsOwnDenseTwin) {
  const Json sparsity = Json::parse(write_json(test::report()))["sparsity"];
  EXPECT_EQ(sparsity["weights_skipped"], 0);
  EXPECT_EQ(sparsity["dense_step_cycles"], 1000);
  EXPECT_EQ(sparsity["speedup"], 1.0);
}

TEST(RunJson, ListsZerosOnlyOfRelusThatLeaveAny) {
  RunReport report = test::report();
  EXPECT_FALSE(nlohmann::json::parse(write_json(report)).contains("zeros"));
  report.outcome.zeros = {{"act", {Fraction::kOne / 4}, "fc", Cycles{1500}, Cycles{500}, ""}};
  const auto zeros = nlohmann::json::parse(write_json(report))["zeros"];
  ASSERT_EQ(zeros.size(), 1U);
  EXPECT_EQ(zeros[0], (nlohmann::json{{"relu", "act"},
                                      {"share", 0.25},
                                      {"layer", "fc"},
                                      {"gradient_cycles", 1500},
                                      {"saved_cycles", 500},
                                      {"why_not", ""}}));
}

TEST(RunJson, KeepsTextsThatLookLikeItsOwnMarks) {
  RunReport report = test::report();
  report.outcome.layers[0].name = "a\"\\u0001 5\n";
  EXPECT_EQ(Json::parse(write_json(report))["layers"][0]["name"], "a\"\\u0001 5\n");
}

TEST(RunJson, EmbedsTheInputsSoThatTheyReadBack) {
  RunReport report = test::report();
  report.machine = parse_tree("name: \"two\\nlines\"\nclock: 1.1 GHz\nlevel: 0.9\nlist: [1, {a: null}]", "m");
  const Json machine = Json::parse(write_json(report))["inputs"]["machine"];
  EXPECT_EQ(machine.dump(), Json::parse(to_json(report.machine)).dump());
}

TEST(RunJson, EndsEveryLineAndGivesLayersOneEach) {
  const std::string text = write_json(test::report());
  EXPECT_EQ(text.back(), '\n');
  EXPECT_THAT(text, testing::HasSubstr("\n    {\"name\": \"h.1.fc\", \"kind\": \"linear\", "));
}

TEST(RunCsv, HasARowPerLayerWithEveryColumn) {
  RunReport report = test::report();
  report.outcome.layers[1].name = "odd,name";
  const std::string text = write_csv(report);
  EXPECT_THAT(text, testing::StartsWith("name,kind,forward_cycles,backward_cycles,update_cycles,"));
  EXPECT_THAT(text,
              testing::HasSubstr("\nh.0.fc,linear,200,100,0,200,100,0,0,0,0,1000,1000,4000,2000,200,100,"
                                 "0,0,0,0,0,0\n\"odd,name\",linear,"));
}

TEST(Trace, KeepsPicosecondsAndNamesTracks) {
  const std::vector<TraceSpan> spans{
      {.track = "wafer", .name = "fc \"x\"", .begin = Picoseconds{1'234'567}, .end = Picoseconds{3'000'000}}};
  const std::string text = write_trace(spans);
  EXPECT_THAT(text, testing::HasSubstr("\"ts\": 1.234567, \"dur\": 1.765433"));
  const Json json = Json::parse(text);
  EXPECT_EQ(json["traceEvents"][0]["args"]["name"], "wafer");
  EXPECT_EQ(json["traceEvents"][1]["name"], "fc \"x\"");
}

}  // namespace
}  // namespace wafersim
