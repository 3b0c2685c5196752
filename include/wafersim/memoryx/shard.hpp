// The servers of the weight store that feed one lane, as one: streams the lane's share of the weights, and
// runs the optimizer on the gradients that come back.
#pragma once

#include <cstdint>
#include <systemc>
#include <vector>

#include "wafersim/config/machine_spec.hpp"
#include "wafersim/stream/buffer.hpp"
#include "wafersim/stream/faults.hpp"
#include "wafersim/stream/port.hpp"
#include "wafersim/stream/program.hpp"
#include "wafersim/stream/station.hpp"

namespace wafersim {

// Rates of one shard: of the servers of all groups that feed its lane together. Each tier keeps a fixed share
// of its bandwidth for streaming weights, the rest is the optimizer's: with fixed shares more bandwidth can
// never make anything later.
struct ShardSpec {
  std::uint64_t lane{};
  std::uint64_t lanes{};
  std::uint32_t steps{};
  Bytes chunk;
  BytesPerSecond dram_stream;  // in clocks of the DRAM a second: one "byte" is one clock
  BytesPerSecond dram_update;  // likewise
  BytesPerSecond flash_stream;
  BytesPerSecond flash_update_read;
  BytesPerSecond flash_update_write;
  Bytes read_ahead;
  BytesPerSecond optimizer;  // in operations a second: one "byte" is one operation
  UpdateGranularity granularity{UpdateGranularity::layer};
  StationSpec link;  // into the lane
};

struct ShardStats {
  std::uint64_t weights_sent{};
  Bytes weight_bytes_sent;
  std::uint64_t gradients_received{};
  Bytes gradient_bytes_received;
  std::uint64_t contributions_received{};  // trains times the wafers whose gradients are in them
  std::uint64_t trains_received{};
  std::uint64_t updates{};  // weights updated
};

class Shard final : public sc_core::sc_module {
 public:
  OutPort down;
  InPort up;

  Shard(const sc_core::sc_module_name& name, const ShardSpec& spec, const StepProgram& program, Trail& trail,
        Faults& faults);

  [[nodiscard]] bool finished() const;
  // Share of the run's weights that has been sent, from 0 to 1.
  [[nodiscard]] double progress() const;
  // How long the last update of a layer's weights took, from its last gradient to its end.
  [[nodiscard]] Picoseconds update_time(std::uint32_t layer) const { return ledger_[layer].update_time; }
  [[nodiscard]] const ShardStats& stats() const { return stats_; }
  [[nodiscard]] const Station& dram_stream() const { return dram_stream_; }
  [[nodiscard]] const Station& dram_update() const { return dram_update_; }
  [[nodiscard]] const Station& flash_stream() const { return flash_stream_; }
  [[nodiscard]] const Station& flash_read() const { return flash_read_; }
  [[nodiscard]] const Station& flash_write() const { return flash_write_; }
  [[nodiscard]] const Station& arithmetic() const { return arithmetic_; }
  [[nodiscard]] const Station& link() const { return link_; }

 private:
  // Where the update of one layer's weights stands.
  struct Ledger {
    std::uint64_t contributions{};  // of the running step
    std::uint32_t updates{};        // steps completed
    Passage updated;                // when its first and last chunk were updated last
    Passage updated_before;         // and the time before
    std::uint64_t chunks{1};        // of its updates
    Picoseconds update_time;        // what that update took
  };

  void issue();
  void send(const StepOp& op);
  void taken(const Train& train, const Stamp& tail);
  void receive(const Train& train, const Passage& passage);
  Passage update(const StoreWork& work, const Train& train, const Passage& arrived);
  void advance_position();
  // When the first and the last of `chunks` chunks of the weights that this step works with became ready:
  // after the previous step's update. This step's own update may be under way already, into the second copy,
  // while these are still being streamed.
  [[nodiscard]] Passage ready(const Ledger& ledger, std::uint64_t chunks);

  ShardSpec spec_;
  const StepProgram& program_;
  Trail& trail_;
  Faults& faults_;
  Station dram_stream_;
  Station dram_update_;
  Station flash_stream_;
  Station flash_read_;
  Station flash_write_;
  Station arithmetic_;
  Station link_;
  Buffer read_ahead_;
  std::vector<Ledger> ledger_;
  std::size_t position_{};  // in the program
  std::uint32_t step_{};
  std::uint64_t sequence_{};
  std::uint64_t offset_{};
  std::uint64_t flash_offset_{};
  Train in_flash_;   // the train under way, as the read-ahead buffer counts it
  Passage leaving_;  // how the train under way leaves the shard
  bool from_flash_{false};
  ShardStats stats_;
  sc_core::sc_event next_;
};

}  // namespace wafersim
