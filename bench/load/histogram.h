/* Log-linear histogram of nanoseconds: 64 buckets per power of two, so a percentile is right within 1.6 %. */
#pragma once
#include <stdint.h>
#include <string.h>

enum { SUB_BITS = 6, SUB = 1 << SUB_BITS, BUCKETS = (64 - SUB_BITS + 1) * SUB };

struct histogram {
  uint64_t count, max;
  uint64_t buckets[BUCKETS];
};

static inline void histogram_clear(struct histogram *h) { memset(h, 0, sizeof *h); }

static inline void histogram_add(struct histogram *h, uint64_t value) {
  int shift = value < SUB ? 0 : 63 - __builtin_clzll(value) - SUB_BITS;
  h->buckets[(uint64_t)shift * SUB + (value >> shift)]++;
  h->count++;
  if (value > h->max) h->max = value;
}

static inline double histogram_ms(const struct histogram *h, double quantile) {
  uint64_t rank = (uint64_t)(quantile * (double)h->count), seen = 0;
  if (h->count == 0) return 0;
  for (uint64_t i = 0; i < BUCKETS; i++) {
    seen += h->buckets[i];
    if (seen > rank) {
      uint64_t shift = i < 2 * SUB ? 0 : i / SUB - 1;
      uint64_t low = shift == 0 ? i : (i - shift * SUB) << shift;
      return ((double)low + (double)(1ull << shift) / 2) / 1e6;
    }
  }
  return (double)h->max / 1e6;
}
