// Trains through stations and buffers, held against the chunk-by-chunk recursions that they solve.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "wafersim/stream/buffer.hpp"
#include "wafersim/stream/program.hpp"
#include "wafersim/stream/station.hpp"

namespace wafersim {
namespace {

using namespace literals;

constexpr std::uint64_t kTera = 1'000'000'000'000;

// A rate at which every byte takes exactly `picoseconds`, so that nothing is rounded. It must divide 10^12.
BytesPerSecond byte_takes(std::uint64_t picoseconds) {
  return BytesPerSecond{kTera / picoseconds};
}

StationSpec spec(std::uint64_t picoseconds_per_byte, Picoseconds latency,
                 Serving serving = Serving::store_and_forward) {
  return {.part = Part::io, .rate = byte_takes(picoseconds_per_byte), .latency = latency, .serving = serving};
}

// The load of a train of so many bytes in chunks of at most that size.
Load load(Bytes bytes, Bytes chunk) {
  return moved({.bytes = bytes, .chunks = chunks_in(bytes, chunk)});
}

Passage at(Picoseconds head, Picoseconds tail) {
  return {.head = {.at = head}, .tail = {.at = tail}};
}

TEST(Station, FirstChunkTakesOneServiceAndLastFollowsWithoutAGap) {
  Trail trail{Trail::Mode::ignore};
  Station station{spec(2, 100_ps), trail};  // 2 ps a byte
  // 1000 bytes in four chunks of 250, all there at time 50: the first is out at 50 + 500, the last at
  // 50 + 2000, and both arrive 100 ps later.
  const Passage out = station.pass(at(50_ps, 50_ps), load(1000_B, 300_B));
  EXPECT_EQ(out.head.at, 650_ps);
  EXPECT_EQ(out.tail.at, 2150_ps);
  EXPECT_EQ(station.free_at().at, 2050_ps);
  EXPECT_EQ(station.stats().bytes, 1000_B);
  EXPECT_EQ(station.stats().busy, 2000_ps);
}

TEST(Station, SlowArrivalsLeaveTheLastChunkRightBehindItself) {
  Trail trail{Trail::Mode::ignore};
  Station station{spec(2, 0_ps), trail};
  // The last chunk of 250 bytes arrives at 9000 and needs 500 ps.
  EXPECT_EQ(station.pass(at(300_ps, 9000_ps), load(1000_B, 300_B)).tail.at, 9500_ps);
}

TEST(Station, ABlockedStationStartsTheNextTrainLater) {
  Trail trail{Trail::Mode::ignore};
  Station station{spec(1, 10_ps), trail};
  (void)station.pass(at(0_ps, 0_ps), load(100_B, 100_B));  // out at 100, there at 110
  station.hold_until({.at = 500_ps});                      // taken only at 500: left at 490
  EXPECT_EQ(station.pass(at(0_ps, 0_ps), load(100_B, 100_B)).head.at, 600_ps);
}

TEST(Station, CutThroughAddsNoChunkTimeAtEqualRates) {
  Trail trail{Trail::Mode::ignore};
  Station station{spec(2, 7_ps, Serving::cut_through), trail};
  // Chunks of 250 arrive completely at 500, 1000, 1500 and 2000, from a link of the same rate.
  const Passage out = station.pass(at(500_ps, 2000_ps), load(1000_B, 300_B));
  EXPECT_EQ(out.head.at, 507_ps);
  EXPECT_EQ(out.tail.at, 2007_ps);
}

// --- the recursion itself, one chunk at a time

struct Chunked {
  std::vector<std::uint64_t> sizes;
  std::vector<std::uint64_t> times;  // when each is complete
};

struct Reference {
  std::uint64_t per_byte;
  std::uint64_t latency;
  Serving serving;
  std::uint64_t free{};

  Chunked pass(const Chunked& in) {
    Chunked out = in;
    for (std::size_t k = 0; k < in.sizes.size(); ++k) {
      const std::uint64_t service = in.sizes[k] * per_byte;
      free = serving == Serving::cut_through ? std::max(in.times[k], free + service)
                                             : std::max(in.times[k], free) + service;
      out.times[k] = free + latency;
    }
    return out;
  }
};

RC_GTEST_PROP(Station, ATandemOfStationsEqualsTheChunkByChunkRecursion, ()) {
  const std::vector<std::uint64_t> exact{1, 2, 4, 5, 8, 10, 16, 20, 25};
  Trail trail{Trail::Mode::record};
  std::vector<Station> stations;
  std::vector<Reference> references;
  const auto count = *rc::gen::inRange<std::size_t>(1, 6);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t per_byte = *rc::gen::elementOf(exact);
    const auto latency = *rc::gen::inRange<std::uint64_t>(0, 5000);
    const Serving serving =
        i > 0 && *rc::gen::arbitrary<bool>() ? Serving::cut_through : Serving::store_and_forward;
    stations.emplace_back(spec(per_byte, Picoseconds{latency}, serving), trail);
    references.push_back({per_byte, latency, serving});
  }
  std::uint64_t ready = 0;
  for (int train = 0; train < 5; ++train) {
    ready += *rc::gen::inRange<std::uint64_t>(0, 20'000);
    const auto chunk = *rc::gen::inRange<std::uint64_t>(1, 200);
    const auto count_of_chunks = *rc::gen::inRange<std::uint64_t>(1, 40);
    const std::uint64_t bytes = chunk * count_of_chunks;
    Chunked chunks{.sizes = std::vector<std::uint64_t>(count_of_chunks, chunk),
                   .times = std::vector<std::uint64_t>(count_of_chunks, ready)};
    Passage passage = at(Picoseconds{ready}, Picoseconds{ready});
    for (std::size_t i = 0; i < count; ++i) {
      chunks = references[i].pass(chunks);
      passage = stations[i].pass(passage, load(Bytes{bytes}, Bytes{chunk}));
      RC_ASSERT(passage.head.at.count() == chunks.times.front());
      RC_ASSERT(passage.tail.at.count() == chunks.times.back());
    }
    // The trail explains every picosecond of it.
    RC_ASSERT(explain(Picoseconds{ready}, passage.tail).sum() == passage.tail.at.count() - ready);
  }
}

// A sender, a buffer, and a slow consumer, chunk by chunk: chunk k may enter when chunk k - b has been
// consumed.
RC_GTEST_PROP(Buffer, HoldsTheSenderAsTheChunkByChunkRecursionWithinOneChunk, ()) {
  Trail trail{Trail::Mode::ignore};
  constexpr std::uint64_t kChunk = 64;
  const auto sender_speed = *rc::gen::elementOf(std::vector<std::uint64_t>{1, 2, 4});
  const auto consumer_speed = *rc::gen::elementOf(std::vector<std::uint64_t>{1, 2, 5, 10});
  const auto room = *rc::gen::inRange<std::uint64_t>(2, 12);  // chunks
  Station sender{spec(sender_speed, 0_ps), trail};
  Station consumer{spec(consumer_speed, 0_ps), trail};
  Buffer buffer{Bytes{room * kChunk}, Bytes{kChunk}, trail};

  std::vector<std::uint64_t> consumed;
  std::uint64_t sent_at = 0;
  std::uint64_t offset = 0;
  for (int i = 0; i < 6; ++i) {
    const auto chunks = *rc::gen::inRange<std::uint64_t>(1, 40);
    std::uint64_t first_sent = 0;
    for (std::uint64_t k = 0; k < chunks; ++k) {
      sent_at += kChunk * sender_speed;
      if (consumed.size() >= room) sent_at = std::max(sent_at, consumed[consumed.size() - room]);
      if (k == 0) first_sent = sent_at;
      const std::uint64_t before = consumed.empty() ? 0 : consumed.back();
      consumed.push_back(std::max(sent_at, before) + kChunk * consumer_speed);
    }
    const Train train{.offset = offset, .bytes = Bytes{chunks * kChunk}, .chunks = chunks};
    Passage arrival = sender.pass({}, load(train.bytes, Bytes{kChunk}));
    arrival.head = later(buffer.room_for_first(train), arrival.head);
    const Passage left = consumer.pass(arrival, load(train.bytes, Bytes{kChunk}));
    buffer.drained(train, left);
    sender.hold_until(later(buffer.room_for_last(train), arrival.tail));
    offset += train.bytes.count();

    const std::uint64_t slack = kChunk * std::max(sender_speed, consumer_speed);
    const auto near = [&](std::uint64_t a, std::uint64_t b) { return a <= b + slack && b <= a + slack; };
    RC_ASSERT(near(left.tail.at.count(), consumed.back()));
    RC_ASSERT(near(sender.free_at().at.count(), sent_at));
    RC_ASSERT(near(arrival.head.at.count(), first_sent));
  }
}

TEST(Buffer, AskedAtExactlyItsSizeHasRoomAndOneByteLaterHasNot) {
  Trail trail{Trail::Mode::ignore};
  Buffer buffer{100_B, 10_B, trail};
  buffer.drained({.offset = 0, .bytes = 60_B, .chunks = 6}, at(1000_ps, 6000_ps));
  EXPECT_EQ(buffer.room_for_last({.offset = 60, .bytes = 40_B}).at, 0_ps);
  // Byte 101 needs the first byte gone, and that leaves with the first chunk.
  EXPECT_EQ(buffer.room_for_last({.offset = 60, .bytes = 41_B}).at, 1000_ps);
  EXPECT_EQ(buffer.room_for_last({.offset = 60, .bytes = 100_B}).at, 6000_ps);
  // Halfway between the first chunk (10 bytes) and the last: 35 bytes gone at 1000 + 5000/2.
  EXPECT_EQ(buffer.room_for_last({.offset = 60, .bytes = 75_B}).at, 3500_ps);
}

RC_GTEST_PROP(Parcel, LanesSumToTheWholeAndTheFirstCarriesTheMost, ()) {
  const Parcel parcel{.matrix = *rc::gen::inRange<std::uint64_t>(0, 1'000'000),
                      .vector = *rc::gen::inRange<std::uint64_t>(0, 1000),
                      .bytes_per_matrix = 4,
                      .bytes_per_vector = 2};
  const auto lanes = *rc::gen::inRange<std::uint64_t>(1, 40);
  Bytes sum;
  for (std::uint64_t lane = 0; lane < lanes; ++lane) {
    const Parcel share = parcel.on_lane(lane, lanes);
    RC_ASSERT(share.bytes() <= parcel.on_lane(0, lanes).bytes());
    sum += share.bytes();
  }
  RC_ASSERT(sum == parcel.bytes());
}

TEST(Trail, MergesNeighbouringEpisodesOfOnePart) {
  Trail trail{Trail::Mode::record};
  const Stamp stamp =
      trail.after(trail.after(trail.after({}, 10_ps, Part::io), 5_ps, Part::io), 3_ps, Part::dram);
  EXPECT_EQ(stamp.at, 18_ps);
  const auto spent = explain(2_ps, stamp);
  EXPECT_EQ(spent.by_part[index_of(Part::io)], 13U);  // from 2 to 15
  EXPECT_EQ(spent.by_part[index_of(Part::dram)], 3U);
}

}  // namespace
}  // namespace wafersim
