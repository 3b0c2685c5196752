// Machine files are read completely, or refused with every problem they have.
#include "wafersim/config/machine.hpp"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/machine_fields.hpp"
#include "config/shipped_machines.hpp"
#include "config/temporary_folder.hpp"

namespace wafersim {
namespace {

using test::shipped_machine;
using testing::HasSubstr;

// What `describe cs2.yaml --set …` complains about.
std::string complaint_with(const std::vector<Override>& overrides) {
  return test::complaint([&] { (void)load_machine(shipped_machine("cs2.yaml"), overrides); });
}

// What a file that inherits from the CS-2 complains about.
std::string complaint_about(std::string_view text) {
  const test::TemporaryFolder folder;
  const auto file =
      folder.write("my.yaml", "base: " + shipped_machine("cs2.yaml").string() + "\n" + std::string{text});
  return folder.without_folder(test::complaint([&] { (void)load_machine(file); }));
}

struct Anything {
  template <class T>
  operator T() const {  // NOLINT(google-explicit-constructor): converting is its purpose
    std::abort();       // only named, never called
  }
};
template <class T, class... Args>
consteval std::size_t member_count() {
  if constexpr (requires { T{Args{}..., Anything{}}; }) {
    return member_count<T, Args..., Anything>();
  } else {
    return sizeof...(Args);
  }
}
template <class T>
void expect_names_every_member() {
  EXPECT_EQ(describe_record<T>().size(), member_count<T>());
}

TEST(MachineFields, NameEveryMemberOfEverySpec) {
  expect_names_every_member<PeSpec>();
  expect_names_every_member<FabricSpec>();
  expect_names_every_member<WaferIoSpec>();
  expect_names_every_member<EnergySpec>();
  expect_names_every_member<MappingSpec>();
  expect_names_every_member<WaferSpec>();
  expect_names_every_member<DramTimingSpec>();
  expect_names_every_member<DramSpec>();
  expect_names_every_member<FlashSpec>();
  expect_names_every_member<PlacementSpec>();
  expect_names_every_member<MemoryXSpec>();
  expect_names_every_member<SwarmXSpec>();
  expect_names_every_member<ClusterSpec>();
  expect_names_every_member<PublishedSpec>();
  expect_names_every_member<MachineSpec>();
}

TEST(LoadMachine, ReadsTheBaseAndWhatChanges) {
  const MachineSpec sdk = load_machine(shipped_machine("cs2-sdk.yaml"));
  EXPECT_EQ(sdk.wafer.grid, (GridSize{757, 996}));
  EXPECT_EQ(sdk.wafer.clock, Hertz{850'000'000});
  EXPECT_EQ(sdk.wafer.pe.sram, Bytes{49'152});  // inherited
  EXPECT_EQ(sdk.wafer.mapping.groups, std::nullopt);
  EXPECT_EQ(sdk.published.cores, std::nullopt);
}

TEST(LoadMachine, OverridesComeLastAndInOrder) {
  const std::vector<Override> overrides{
      {"wafer.clock", "1 GHz"}, {"wafer.clock", "2 GHz"}, {"swarmx", "{fanout: 8}"}};
  const MachineSpec machine = load_machine(shipped_machine("cs2.yaml"), overrides);
  EXPECT_EQ(machine.wafer.clock, Hertz{2'000'000'000});
  EXPECT_EQ(machine.swarmx.fanout, 8U);
  EXPECT_EQ(machine.swarmx.chunk, Bytes{262'144});
}

class ShippedMachine : public testing::TestWithParam<std::string> {};

TEST_P(ShippedMachine, IsTheSameAfterWritingAndReadingItBack) {
  const MachineSpec machine = load_machine(shipped_machine(GetParam()));
  const std::string json = to_json(to_tree(machine));
  const MachineSpec again = read_machine(parse_tree(json, "again.json"));
  EXPECT_EQ(again, machine);
  EXPECT_EQ(to_json(to_tree(again)), json);
  EXPECT_TRUE(is_machine(to_tree(machine)));
}

INSTANTIATE_TEST_SUITE_P(All, ShippedMachine, testing::ValuesIn(test::shipped_machines()),
                         [](const auto& shipped) {
                           std::string name = shipped.param.substr(0, shipped.param.find('.'));
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(LoadMachine, RefusesWhatAKeyCannotHold) {
  EXPECT_EQ(complaint_about("wafer:\n  clokc: 1 GHz\n"),
            "my.yaml:3:3: wafer.clokc: unknown key (did you mean 'clock'?)");
  EXPECT_EQ(complaint_about("wafer:\n  clock: 1 GHz\n  clock: 2 GHz\n"),
            "my.yaml:4:3: wafer.clock: duplicate key, already set at line 3");
  EXPECT_EQ(complaint_about("wafer: {clock: 48 KiB}\n"),
            "my.yaml:2:16: wafer.clock: expected a frequency such as '1.1 GHz', got '48 KiB'");
  EXPECT_EQ(complaint_about("cluster: {nodes: -1}\n"),
            "my.yaml:2:18: cluster.nodes: expected a whole number, got '-1' (must not be negative)");
  EXPECT_EQ(
      complaint_about("cluster: {nodes: 99999999999999999999}\n"),
      "my.yaml:2:18: cluster.nodes: expected a whole number, got '99999999999999999999' (too large for 64 "
      "bits)");
  EXPECT_EQ(complaint_about("cluster: {nodes: 0}\n"),
            "my.yaml:2:18: cluster.nodes: must be between 1 and 65536, got 0");
  EXPECT_EQ(complaint_about("swarmx: {forwarding: cut-through}\n"),
            "my.yaml:2:22: swarmx.forwarding: expected one of 'cut_through', 'store_and_forward', got "
            "'cut-through' (did you mean 'cut_through'?)");
  EXPECT_EQ(complaint_about("memoryx: 12\n"), "my.yaml:2:10: memoryx: expected a map of keys, got '12'");
  EXPECT_EQ(complaint_about("memoryx: {dram: {stream_share: 1}}\n"),
            "my.yaml:2:32: memoryx.dram.stream_share: must be between 0.001 and 0.999, got 1");
}

TEST(LoadMachine, NamesTheOptionThatIsWrong) {
  EXPECT_EQ(complaint_with({{"wafer.clokc", "1 GHz"}, {"cluster.nodes", "x"}, {"a..b", "1"}}),
            "--set: a..b: expected a key such as 'wafer.clock'");
  EXPECT_EQ(complaint_with({{"wafer.clokc", "1 GHz"}, {"cluster.nodes", "0"}}),
            "--set: wafer.clokc: unknown key (did you mean 'clock'?)\n"
            "--set: cluster.nodes: must be between 1 and 65536, got 0");
  EXPECT_EQ(test::complaint([] { (void)parse_override("wafer.clock"); }),
            "--set: expected KEY=VALUE, got 'wafer.clock'");
  EXPECT_EQ(parse_override("a=b=c").value, "b=c");
}

TEST(LoadMachine, RequiresEveryKeyThatTheBaseDoesNotSay) {
  const std::string all = test::complaint([] { (void)read_machine(parse_tree("wafer: {grid: 4x4}", "f")); });
  EXPECT_THAT(all, HasSubstr("f:1:1: name: required key is missing"));
  EXPECT_THAT(all, HasSubstr("f:1:8: wafer.clock: required key is missing"));
  EXPECT_THAT(all, HasSubstr("f:1:1: memoryx: required key is missing"));
  EXPECT_THAT(all, testing::Not(HasSubstr("mapping")));    // may be left out
  EXPECT_THAT(all, testing::Not(HasSubstr("published")));  // may be left out
}

TEST(LoadMachine, ReportsAllProblemsAtOnceInTheOrderOfTheFile) {
  EXPECT_EQ(complaint_about(
                "wafer: {grid: 1x5, clock: fast}\nswarmx: {fanout: 1, chunk: 4 MiB}\ncluster: {nods: 3}\n"),
            "my.yaml:2:15: wafer.grid: each side must be between 2 and 100000, got 1x5\n"
            "my.yaml:2:27: wafer.clock: expected a frequency such as '1.1 GHz', got 'fast'\n"
            "my.yaml:3:18: swarmx.fanout: must be between 2 and 1024, got 1\n"
            "my.yaml:3:28: swarmx.chunk: must be at most half of swarmx.buffer (1 MiB), got 4 MiB\n"
            "my.yaml:4:11: cluster.nods: unknown key (did you mean 'nodes'?)");
}

TEST(LoadMachine, RulesOfTwoKeysNameBoth) {
  EXPECT_EQ(complaint_with({{"cluster.nodes", "193"}}),
            "--set: cluster.nodes: must be at most cluster.max_nodes (192), got 193");
  EXPECT_EQ(complaint_with({{"memoryx.shards", "11"}}),
            "--set: memoryx.shards: must equal wafer.io.lanes (12), got 11");
  EXPECT_EQ(complaint_with({{"wafer.pe.reserved", "48 KiB"}}),
            "--set: wafer.pe.reserved: must be less than wafer.pe.sram (48 KiB), got 48 KiB");
  EXPECT_EQ(
      complaint_with({{"wafer.receive_buffer", "40 KiB"}}),
      "--set: wafer.receive_buffer: with wafer.gradient_buffer 41472 B, must be less than wafer.pe.sram "
      "without wafer.pe.reserved (40 KiB)");
  EXPECT_EQ(complaint_with({{"memoryx.flash.read_ahead", "2 TiB"}}),
            "--set: memoryx.flash.read_ahead: must be less than memoryx.dram.capacity (1128 GiB), got 2 TiB");
  EXPECT_EQ(complaint_with({{"memoryx.dram.burst_length", "7"}, {"memoryx.dram.page", "7168 B"}}),
            "--set: memoryx.dram.burst_length: must be even, since a clock has two transfers, got 7");
  EXPECT_EQ(
      complaint_with({{"memoryx.dram.page", "100 B"}}),
      "--set: memoryx.dram.page: must be a multiple of memoryx.dram.bus x memoryx.dram.burst_length (64 B), "
      "got 100 B");
  EXPECT_EQ(
      complaint_with({{"memoryx.dram.page", "64 KiB"}, {"memoryx.dram.banks", "16"}}),
      "--set: memoryx.dram.page: over all banks of a channel the open rows must have at most 32768 bursts, "
      "got 131072");
  EXPECT_EQ(complaint_with({{"memoryx.dram.timing.rfc", "12480"}}),
            "--set: memoryx.dram.timing.rfc: must be less than memoryx.dram.timing.refi (12480), got 12480");
  EXPECT_EQ(complaint_with({{"memoryx.dram.channels", "0"}}),
            "--set: memoryx.dram.channels: must be between 1 and 1024, got 0");
  EXPECT_EQ(complaint_with({{"wafer.mapping.groups", "855"}}),
            "--set: wafer.mapping.groups: must not exceed the columns of wafer.grid (854x996), got 855");
  EXPECT_EQ(complaint_with({{"wafer.fabric.wavelet", "6 B"}}),
            "--set: wafer.fabric.wavelet: must be a multiple of 4 B, the size of an FP32 number, got 6 B");
  EXPECT_EQ(complaint_with({{"wafer.grid", "100000x100000"}}),
            "--set: wafer.grid: must be at most 100000000 PEs, got 10000000000");
  EXPECT_EQ(
      complaint_with({{"wafer.grid", "10000x10000"}, {"wafer.clock", "100 GHz"}}),
      "--set: wafer.grid: 100000000 PEs at wafer.clock (100 GHz) make more than 10^17 PE cycles a second");
}

TEST(LoadMachine, NoRateCanBeZero) {
  for (const char* key : {"wafer.io.lane_rate", "wafer.io.port_rate", "memoryx.flash.interface",
                          "memoryx.flash.channel_rate", "swarmx.link_rate"}) {
    EXPECT_EQ(complaint_with({{key, "0 B/s"}}),
              "--set: " + std::string{key} + ": must be between 1 MB/s and 1 PB/s, got 0 B/s");
  }
  EXPECT_EQ(complaint_with({{"wafer.clock", "0 Hz"}}),
            "--set: wafer.clock: must be between 1 kHz and 100 GHz, got 0 Hz");
}

TEST(LoadMachine, HugeValuesAreErrorsAndNotFaults) {
  EXPECT_THAT(complaint_with({{"wafer.receive_buffer", "18446744073709551615 B"},
                              {"wafer.gradient_buffer", "18446744073709551615 B"}}),
              HasSubstr("must be between 1 B and 1 GiB"));
}

}  // namespace
}  // namespace wafersim
