// Zeroed words straight from the system: no cost until touched, in large pages where the system has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include <sys/mman.h>

namespace wafersim::fast {

class PageArray {
 public:
  PageArray() = default;
  explicit PageArray(std::size_t words) : bytes_{words * sizeof(std::uint32_t)} {
    if (bytes_ == 0) return;
    void* const pages = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc{};
    (void)madvise(pages, bytes_, MADV_HUGEPAGE);  // a wish; without it everything works as well
    words_ = static_cast<std::uint32_t*>(pages);
  }
  PageArray(const PageArray&) = delete;
  PageArray& operator=(PageArray&& other) noexcept {
    std::swap(words_, other.words_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~PageArray() {
    if (words_ != nullptr) munmap(words_, bytes_);
  }

  [[nodiscard]] std::uint32_t& operator[](std::size_t i) { return words_[i]; }
  [[nodiscard]] std::uint32_t operator[](std::size_t i) const { return words_[i]; }
  [[nodiscard]] std::uint32_t* begin() { return words_; }
  [[nodiscard]] const std::uint32_t* begin() const { return words_; }

 private:
  std::uint32_t* words_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace wafersim::fast
