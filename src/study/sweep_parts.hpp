// What SweepResults keeps; private to this room.
#pragma once

#include <vector>

#include <boost/uuid/uuid.hpp>

#include "wafersim/study/sweep.hpp"

#include "study/journal.hpp"

namespace wafersim {

struct SweepResults::Parts {
  Parts(const Study& its_study, study_detail::Journal its_journal)
      : study{its_study}, journal{std::move(its_journal)} {}

  const Study& study;
  study_detail::Journal journal;
  // Of the points in their order, as far as they are known; nil where the inputs cannot be read.
  std::vector<boost::uuids::uuid> keys;
};

}  // namespace wafersim
