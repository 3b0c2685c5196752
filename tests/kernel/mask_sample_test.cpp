// Patterns of masks: what each keeps, and what hardware computes that can leave out only whole blocks.
#include "wafersim/kernel/mask_sample.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace wafersim {
namespace {

constexpr Fraction kNine{900'000'000};

std::uint64_t all_kept(const MaskSample& mask) {
  std::uint64_t kept = 0;
  for (std::uint64_t row = 0; row < mask.rows(); ++row) kept += mask.kept(row, 0, mask.width());
  return kept;
}

TEST(MaskSample, KeepsNOfEveryMNeighbours) {
  const MaskSample mask{99, 50, {}, 3, {.of = 8, .keep = 2}};
  bool differs = false;
  for (std::uint64_t row = 0; row < mask.rows(); ++row) {
    for (std::uint64_t first = 0; first + 8 <= 99; first += 8)
      EXPECT_EQ(mask.kept(row, first, first + 8), 2U);
    EXPECT_EQ(mask.kept(row, 96, 99), 2U);  // of the three that are left, as many of N as fit
    differs |= mask.kept(row, 0, 4) != mask.kept(0, 0, 4);
  }
  EXPECT_TRUE(differs);
  EXPECT_EQ(all_kept(MaskSample(97, 1, {}, 3, {.of = 8, .keep = 2})), 12 * 2 + 1U);
}

TEST(MaskSample, KeepsEachOfTheMNeighboursEquallyOften) {
  const MaskSample mask{4, 6'000, {}, 5, {.of = 4, .keep = 2}};
  for (std::uint64_t column = 0; column < 4; ++column) {
    std::uint64_t kept = 0;
    for (std::uint64_t row = 0; row < mask.rows(); ++row) kept += mask.kept(row, column, column + 1);
    EXPECT_NEAR(static_cast<double>(kept), 3'000.0, 5 * 38.7);  // standard deviation sqrt(6,000 / 4)
  }
}

TEST(MaskSample, KeepsBlocksWholeOrNotAtAll) {
  const MaskSample mask{1'000, 200, kNine, 7, {.block = 16}};
  for (std::uint64_t row = 0; row < mask.rows(); ++row) {
    for (std::uint64_t first = 0; first < 1'000; first += 16) {
      const std::uint64_t size = std::min<std::uint64_t>(16, 1'000 - first);
      const std::uint64_t kept = mask.kept(row, first, first + 16);
      EXPECT_TRUE(kept == 0 || kept == size) << kept;
    }
  }
  // 12,600 blocks at 0.1: 1,260, standard deviation 34; each 16 weights, but the last of a row 8.
  EXPECT_NEAR(static_cast<double>(all_kept(mask)), 20'000.0, 5 * 34 * 16.0);
}

TEST(MaskSample, OfTheSameLevelIsLessEvenInLargerBlocks) {
  // Up to the 16 features of a column: then a column has all or nothing.
  std::uint64_t before = 0;
  for (const std::uint64_t block : {1, 4, 16}) {
    const MaskSample mask{4'096, 256, kNine, 1, {.block = block}};
    const std::uint64_t slowest = mask.slowest_column(16, 8, mask.rows());
    EXPECT_GT(slowest, before) << block;
    before = slowest;
  }
}

TEST(MaskSample, IsWidenedToTheBlocksThatAreNotAllZero) {
  // 0100 0000 00: of blocks of 4, the first is computed; of blocks of 3, too; nothing else.
  const MaskSample one{
      10, 1, std::vector<bool>{false, true, false, false, false, false, false, false, false, false}};
  EXPECT_EQ(one.kept(0, 0, 10), 1U);
  EXPECT_EQ(one.kept(0, 1, 2), 1U);
  EXPECT_EQ(one.widened_to(4).kept(0, 0, 4), 4U);
  EXPECT_EQ(one.widened_to(4).kept(0, 4, 10), 0U);
  EXPECT_EQ(all_kept(one.widened_to(3)), 3U);
  EXPECT_EQ(all_kept(one.widened_to(64)), 10U);  // the row ends before the block
  EXPECT_EQ(all_kept(one.widened_to(1)), 1U);
}

TEST(MaskSample, InItsOwnBlocksIsWidenedByNothing) {
  const MaskSample mask{500, 20, kNine, 2, {.block = 8}};
  EXPECT_EQ(all_kept(mask.widened_to(8)), all_kept(mask));
  EXPECT_EQ(all_kept(mask.widened_to(4)), all_kept(mask));
  EXPECT_GT(all_kept(mask.widened_to(16)), all_kept(mask));
}

TEST(MaskSample, AcrossKeepsBlocksOfOutputFeatures) {
  const MaskSample mask{300, 50, kNine, 7, MaskPattern{.block = 16}.transposed()};
  bool differs = false;
  for (std::uint64_t column = 0; column < 300; ++column) {
    for (std::uint64_t row = 0; row < 50; ++row) {  // the last block has two rows
      EXPECT_EQ(mask.kept(row, column, column + 1), mask.kept(row / 16 * 16, column, column + 1));
    }
    differs |= mask.kept(0, column, column + 1) != mask.kept(16, column, column + 1);
  }
  EXPECT_TRUE(differs);
}

TEST(MaskSample, AcrossKeepsNOfEveryMOutputFeatures) {
  const MaskSample mask{40, 64, {}, 3, MaskPattern{.of = 8, .keep = 2}.transposed()};
  for (std::uint64_t column = 0; column < 40; ++column) {
    for (std::uint64_t first = 0; first < 64; first += 8) {
      std::uint64_t kept = 0;
      for (std::uint64_t row = first; row < first + 8; ++row) kept += mask.kept(row, column, column + 1);
      EXPECT_EQ(kept, 2U);
    }
  }
}

TEST(MaskSample, AcrossIsWidenedAlongTheOutputFeatures) {
  const MaskSample fine{70, 12, Fraction{950'000'000}, 3, MaskPattern{}.transposed()};
  const MaskSample wide = fine.widened_to(5);  // 0 to 4, 5 to 9, and two of the last block
  for (std::uint64_t column = 0; column < 70; ++column) {
    for (std::uint64_t row = 0; row < 12; ++row) {
      std::uint64_t any = 0;
      for (std::uint64_t r = row / 5 * 5; r < std::min<std::uint64_t>(row / 5 * 5 + 5, 12); ++r)
        any |= fine.kept(r, column, column + 1);
      EXPECT_EQ(wide.kept(row, column, column + 1), any);
    }
  }
}

TEST(MaskSample, TellsHowManyWeightsFillItsBlocks) {
  // Of 10 places one is kept, and 4 where blocks of 4 are: so of 40 with 7 kept ones, 28; never more than
  // all.
  std::vector<bool> bits(10);
  bits[1] = true;
  const MaskSample mask = MaskSample{10, 1, bits}.widened_to(4);
  EXPECT_EQ(mask.widened(7, 40), 28U);
  EXPECT_EQ(mask.widened(11, 40), 40U);
  // A sample without any: each of the kept ones is alone in its block.
  const MaskSample none = MaskSample{10, 1, std::vector<bool>(10)}.widened_to(4);
  EXPECT_EQ(none.widened(3, 1'000'000), 12U);
  EXPECT_EQ(none.widened(3, 11), 11U);
}

TEST(MaskSample, DrawnFillsAsManyBlocksAsChanceSays) {
  // A block of 16 keeps none of its weights with 0.9^16 = 0.1853 of its chances: 81.47 % of all positions are
  // kept, so 8.147 for each kept weight. 65,536 blocks: standard deviation 0.15 % of all, of 0.8147 0.19 %.
  const MaskSample mask = MaskSample{4'096, 256, kNine, 1}.widened_to(16);
  EXPECT_NEAR(static_cast<double>(mask.widened(1'000'000, 10'000'000)), 8'147'000.0, 5 * 0.0035 * 8'147'000);
}

TEST(MaskSample, WithMoreRowsBeginsAsItWas) {
  for (const MaskPattern pattern :
       {MaskPattern{}, MaskPattern{.block = 4}, MaskPattern{.of = 4, .keep = 1},
        MaskPattern{.block = 4}.transposed(), MaskPattern{.of = 4, .keep = 1}.transposed()}) {
    const MaskSample few{64, 3, kNine, 9, pattern};
    const MaskSample many = few.with_rows(8);
    EXPECT_EQ(many.rows(), 8U);
    for (std::uint64_t row = 0; row < 3; ++row) {
      for (std::uint64_t i = 0; i < 64; ++i) EXPECT_EQ(few.kept(row, i, i + 1), many.kept(row, i, i + 1));
    }
  }
  const MaskSample given{3, 2, std::vector<bool>{true, false, false, false, true, true}};
  const MaskSample longer = given.with_rows(5);  // begins again
  EXPECT_EQ(longer.kept(2, 0, 3), 1U);
  EXPECT_EQ(longer.kept(3, 0, 3), 2U);
  EXPECT_EQ(longer.kept(4, 0, 1), 1U);
}

TEST(MaskSample, RefusesPatternsThatMeanNothing) {
  EXPECT_THROW((MaskSample{8, 8, kNine, 1, {.block = 0}}), std::invalid_argument);
  EXPECT_THROW((MaskSample{8, 8, kNine, 1, {.of = 4, .keep = 5}}), std::invalid_argument);
  EXPECT_THROW((MaskSample{8, 8, kNine, 1, {.of = 4, .keep = 0}}), std::invalid_argument);
  EXPECT_NO_THROW((MaskSample{8, 8, kNine, 1, {.of = 4, .keep = 4}}));
}

}  // namespace
}  // namespace wafersim
