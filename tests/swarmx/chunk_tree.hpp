// The oracle: the same tree chunk by chunk, with buffers counted in bytes and gradients that are numbers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "wafersim/base/time.hpp"
#include "wafersim/swarmx/tree.hpp"

namespace wafersim::test {

struct TreeRates {
  BytesPerSecond link;
  BytesPerSecond adder;
  Picoseconds latency;
  Bytes buffer;
  bool cut_through{};
  [[nodiscard]] BytesPerSecond of(const TreeNode& to) const {
    const auto slow = to.slow.find(0);
    return slow == to.slow.end()
               ? link
               : BytesPerSecond{multiply_divide_down(link.count(), slow->second.billionths, Fraction::kOne)};
  }
};

// Chunks of all trains in order: how large each is, and where it ends in the stream.
struct Chunk {
  std::uint64_t bytes;
  std::uint64_t end;
};

class ChunkTree {
 public:
  ChunkTree(const TreeNode& tree, const TreeRates& rates, std::vector<Chunk> chunks)
      : rates_{rates}, chunks_{std::move(chunks)} {
    add(tree);
  }

  // When each chunk has arrived at each node, all of them ready at time zero at the store.
  [[nodiscard]] std::vector<std::vector<std::uint64_t>> broadcast() {
    for (std::size_t k = 0; k < chunks_.size(); ++k) down(0, 0, k, false);
    return leaves(&Place::in);
  }
  // When each chunk's sum has arrived at the store, all of them ready at time zero at each node; `values` are
  // what the nodes add, and sums() what came out.
  [[nodiscard]] std::vector<std::uint64_t> reduce(const std::vector<std::uint64_t>& values) {
    std::size_t next = 0;
    for (Place& place : places_) {
      if (place.below.empty()) place.value = values.at(next++);
    }
    for (std::size_t k = 0; k < chunks_.size(); ++k) up(0, k);
    return places_[0].in;
  }
  [[nodiscard]] const std::vector<std::uint64_t>& sums() const { return places_[0].sum; }

 private:
  struct Place {  // a switch or node, and the link between it and what is above
    std::vector<std::size_t> below;
    BytesPerSecond rate;
    std::vector<std::uint64_t> freed;  // when the link was free again after each chunk
    std::vector<std::uint64_t> in;     // when each chunk was at the far end
    std::vector<std::uint64_t> added;  // when each sum was made
    std::vector<std::uint64_t> sum;    // what arrived at the far end
    std::uint64_t value{};             // of a node
  };

  std::size_t add(const TreeNode& node) {
    const std::size_t here = places_.size();
    places_.emplace_back().rate = rates_.of(node);
    for (const auto& [equal, subtree] : node.branches) {
      for (std::uint64_t i = 0; i < equal; ++i) {
        const std::size_t child = add(subtree);
        places_[here].below.push_back(child);
      }
    }
    return here;
  }

  [[nodiscard]] std::uint64_t time(std::uint64_t bytes, BytesPerSecond rate) const {
    return transfer_time(Bytes{bytes}, rate).count();
  }
  [[nodiscard]] std::uint64_t served(std::uint64_t arrival, std::uint64_t free, std::uint64_t service,
                                     bool whole) const {
    return whole ? std::max(arrival, free) + service : std::max(arrival, free + service);
  }

  // Chunk k crosses the link into `to`, where it must find room: the bytes a buffer ahead have left on every
  // link.
  void down(std::size_t to, std::uint64_t arrival, std::size_t k, bool from_switch) {
    Place& place = places_[to];
    const std::uint64_t free = k == 0 ? 0 : place.freed[k - 1];
    const bool whole = !from_switch || !rates_.cut_through;
    const std::uint64_t out = served(arrival, free, time(chunks_[k].bytes, place.rate), whole);
    std::uint64_t room = 0;
    for (const std::size_t child : place.below) room = std::max(room, left(places_[child].freed, k));
    const std::uint64_t in = std::max(out + rates_.latency.count(), room);
    place.freed.push_back(in - rates_.latency.count());
    place.in.push_back(in);
    for (const std::size_t child : place.below) down(child, in, k, true);
  }

  // When the chunk that must leave before chunk k may enter had left; `freed` holds those that have.
  [[nodiscard]] std::uint64_t left(const std::vector<std::uint64_t>& freed, std::size_t k) const {
    if (chunks_[k].end <= rates_.buffer.count()) return 0;
    const std::uint64_t must = chunks_[k].end - rates_.buffer.count();
    for (std::size_t j = 0; j < freed.size(); ++j) {
      if (chunks_[j].end >= must) return freed[j];
    }
    throw std::logic_error{"a buffer would overflow: its room is not free yet"};
  }

  // Chunk k of the sum below `from` crosses the link above it, where it must find room.
  std::uint64_t up(std::size_t from, std::size_t k) {
    Place& place = places_[from];
    std::uint64_t ready = 0;
    std::uint64_t sum = place.value;
    for (const std::size_t child : place.below) {
      const std::uint64_t room = left(place.freed, k);
      ready = std::max(ready, std::max(up(child, k), room));
      if (room > places_[child].in.back()) {
        places_[child].in.back() = room;
        places_[child].freed.back() = room - rates_.latency.count();
      }
      sum += places_[child].sum.back();
    }
    if (!place.below.empty()) {
      const std::uint64_t service = time(chunks_[k].bytes * place.below.size(), rates_.adder);
      place.added.push_back(served(ready, k == 0 ? 0 : place.added[k - 1], service, !rates_.cut_through));
      ready = place.added.back();
    }
    const bool whole = place.below.empty() || !rates_.cut_through;
    const std::uint64_t out =
        served(ready, k == 0 ? 0 : place.freed[k - 1], time(chunks_[k].bytes, place.rate), whole);
    place.freed.push_back(out);
    place.in.push_back(out + rates_.latency.count());
    place.sum.push_back(sum);
    return place.in.back();
  }

  [[nodiscard]] std::vector<std::vector<std::uint64_t>> leaves(
      std::vector<std::uint64_t> Place::*field) const {
    std::vector<std::vector<std::uint64_t>> all;
    for (const Place& place : places_) {
      if (place.below.empty()) all.push_back(place.*field);
    }
    return all;
  }

  TreeRates rates_;
  std::vector<Chunk> chunks_;
  std::vector<Place> places_;
};

}  // namespace wafersim::test
