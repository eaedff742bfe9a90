// One stochastic leaky integrate-and-fire neuron per path, several paths side by side in a vector register: the discrete
// solution of `euler` and `levy` with the counters and polynomials of the kernels, so that spike times can be compared path
// by path. Built by bench/peers.ts with -msse4.2 (four paths a register), or wider where asked.
//
// slif METHOD PATHS STEPS DT THREADS: prints what it solved, then waits for lines; at each it solves once more and prints
// the seconds. See bench/peers/peer.py.
#include <immintrin.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif
using Word = uint32_t;
typedef float Float __attribute__((vector_size(4 * lanes)));
typedef int32_t Mask __attribute__((vector_size(4 * lanes)));
typedef Word Words __attribute__((vector_size(4 * lanes)));
#define INLINE static inline __attribute__((always_inline))

INLINE Float all(float x) { return x - Float{}; }
INLINE Words all_words(Word x) { return x - Words{}; }
INLINE Float choose(Mask m, Float a, Float b) { return m ? a : b; }
INLINE Float least(Float a, Float b) { return a < b ? a : b; }
INLINE Float most(Float a, Float b) { return a > b ? a : b; }
INLINE Float to_float(Mask a) { return __builtin_convertvector(a, Float); }
#if defined(__AVX512F__)
INLINE Float root(Float a) { return (Float)_mm512_sqrt_ps((__m512)a); }
INLINE bool any(Mask m) { return _mm512_test_epi32_mask((__m512i)m, (__m512i)m) != 0; }
#elif defined(__AVX2__)
INLINE Float root(Float a) { return (Float)_mm256_sqrt_ps((__m256)a); }
INLINE bool any(Mask m) { return _mm256_movemask_ps((__m256)m) != 0; }
#else
INLINE Float root(Float a) { return (Float)_mm_sqrt_ps((__m128)a); }
INLINE bool any(Mask m) { return _mm_movemask_ps((__m128)m) != 0; }
#endif

// Elementary functions and random numbers: shaders/shared/elementary.wgsl.ts, shaders/shared/random.wgsl.ts.
INLINE Float exponential(Float x) {
  Float c = x * 1.44269504f + 12582912.0f;
  Words bits = (Words)c;
  Float n = to_float((Mask)(bits - 0x4b400000u));
  Float t = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Float z = t * t;
  Float p = (0.16666521f * t + 0.49999994f) + z * ((0.00836871f * t + 0.041668389f) + z * 0.0013814612f);
  Float y = ((z * p + t) + 1.0f) * (Float)((bits + 127u) << 23);
  return choose(x < -87.3f, Float{}, y);  // no argument here is above 50
}
INLINE Float logarithm(Float x) {
  Words d = (Words)x - 0x3f3504f3u;
  Float k = to_float((Mask)(d & 0xff800000u));
  Float f = (Float)((d & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  Float z = f * f;
  Float p = ((0.333339095f - 0.250013381f * f) + z * (0.199630618f - 0.16577585f * f)) +
            (z * z) * ((0.149147898f - 0.142674893f * f) + z * 0.087003678f);
  return (f * z * p - 0.5f * z - k * 2.5295548e-11f) + f + k * 8.265487849712372e-8f;
}
struct Pair {
  Words a, b;
};
INLINE Pair threefry(Word key0, Word key1, Words c0, Words c1) {
  const Word keys[3] = {key0, key1, 0x1bd11bdau ^ key0 ^ key1};
  const int turns[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  Words a = c0 + keys[0], b = c1 + keys[1];
#pragma GCC unroll 5
  for (int group = 0; group < 5; group++) {
#pragma GCC unroll 4
    for (int r = 0; r < 4; r++) {
      const int n = turns[(group % 2) * 4 + r];
      a += b;
      b = ((b << n) | (b >> (32 - n))) ^ a;
    }
    a += keys[(group + 1) % 3];
    b += keys[(group + 2) % 3] + (Word)(group + 1);
  }
  return {a, b};
}
INLINE Float scaled(Words bits) { return to_float((Mask)(bits >> 8)) * 256.0f + to_float((Mask)((bits & 255u) + 1u)); }
INLINE void normals(Pair bits, Float& x, Float& y) {
  Words d = (Words)scaled(bits.a) - 0x4f3504f3u;
  Float k = to_float((Mask)(d & 0xff800000u)) * -1.6525917e-7f;
  Float f = (Float)((d & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  Float z = f * f;
  Float p = ((1.0000064f - 0.66669428f * f) + z * (0.49942458f - 0.39813766f * f)) +
            (z * z) * ((0.34486452f - 0.32361013f * f) + z * 0.20164765f);
  Float radius = root(z * p + (k - 2.0f * f));
  Float g = to_float((Mask)(bits.b & 0x3fffffc0u)) * 9.3132257e-10f - 0.49999997f;
  Float w = g * g;
  Float s = (radius * g) * (((-0.0045922892f * w + 0.079675905f) * w - 0.64596295f) * w + 1.5707963f);
  Float c = radius * (((-0.020408351f * w + 0.25359863f) * w - 1.2336971f) * w + 1.0f);
  Mask even = (bits.b & 0x40000000u) == 0u;
  x = (Float)((Words)choose(even, c, s) ^ ((bits.b + 0x40000000u) & 0x80000000u));
  y = (Float)((Words)choose(even, s, c) ^ (bits.b & 0x80000000u));
}

struct Work {
  Word paths, steps;
  float dt;
  Word seed = 1;
};
constexpr float mu1 = 15, beta = 5, threshold = 1, reset = 1.4f, alpha = 0.03f, sigma = 0.25f, current = 1.5f;
constexpr int slots = 64;  // spikes of a path that are kept

INLINE Float hazard(Float v) { return exponential(least(beta * (v - threshold), all(10 * beta))); }

template <bool levy>
INLINE void solve(const Work& work, Word first, float* times, Word* counts) {
  Words path, count = {};
  for (int l = 0; l < lanes; l++) path[l] = first + l;
  const float dt = work.dt, kick = sigma * std::sqrt(dt), area = sigma * 6.0f * std::sqrt(dt / 12.0f) / (dt * dt);
  auto surface = [&] {
    return logarithm(scaled(threefry(work.seed, 1u, path, count).a) * 2.3283064365386963e-10f) - alpha;
  };
  Float v = {}, s = surface();
  for (Word step = 0; step < work.steps; step++) {
    Float z0, z1, line = {}, arc = {};
    normals(threefry(work.seed, 0u, path, all_words(2 * step)), z0, z1);
    if (levy) {
      line = z0 * (kick / dt);
      arc = z1 * area;
    }
    Float at = {}, length = all(dt), slope, rate, next_v, next_s;
    auto flow = [&](Float x, Float place) {
      Float f = mu1 * (current - x);
      if (levy) f = f + ((dt - 2.0f * place) * arc + line);
      return f;
    };
    auto stages = [&](Float h, Float& to_v, Float& to_s) {  // additivePlaces of shaders/substep/tableau.ts
      Float half = h * 0.5f, k1 = flow(v, at + 0.105662435f * h);
      Float v2 = v + half * k1, k2 = flow(v2, at + 0.394337565f * h), l2 = hazard(v2);
      Float v3 = v + half * k2, k3 = flow(v3, at + half), l3 = hazard(v3);
      Float v4 = v + h * k3, k4 = flow(v4, at + 1.105662465f * h), l4 = hazard(v4);
      Float sixth = h * (1.0f / 6.0f);
      to_v = v + sixth * (k1 + (k2 + k3) * 2.0f + k4);
      to_s = s + sixth * (rate + (l2 + l3) * 2.0f + l4);
    };
    auto attempt = [&] {
      rate = hazard(v);
      if (levy) {
        stages(length, next_v, next_s);
      } else {
        slope = flow(v, at);
        next_v = v + slope * length;
        next_s = s + rate * length;
      }
    };
    attempt();
    for (Mask fires = next_s >= 0.0f; any(fires); fires &= next_s >= 0.0f) {
      Float place, there;
      if (levy) {  // a parabola, then two steps of Newton's
        Float curve = 0.5f * (hazard(next_v) - rate) / length;
        Float discriminant = most(rate * rate - 4.0f * curve * s, Float{});
        place = least(most(-2.0f * s / (rate + root(discriminant)), Float{}), length);
        for (int turn = 0; turn < 2; turn++) {
          Float x, e;
          stages(place, x, e);
          Float better = least(most(place - e / hazard(x), Float{}), length);
          there = x + flow(x, at + place) * (better - place);
          place = better;
        }
      } else {
        place = most(-s / rate, all(1e-7f * dt));
        there = v + slope * place;
      }
      at = choose(fires, at + place, at);
      count = fires ? count + 1u : count;
      Float when = at + (float)step * dt;
      for (int l = 0; l < lanes; l++)
        if (fires[l] && (int)count[l] <= slots) times[(size_t)l * slots + count[l] - 1] = when[l];
      v = choose(fires, there - reset, v);
      s = choose(fires, surface(), s);
      length = choose(fires, dt - at, length);
      attempt();
    }
    v = levy ? next_v : next_v + z0 * kick;
    s = next_s;
  }
  for (int l = 0; l < lanes; l++) counts[l] = count[l];
}

static double processor() {
  rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + 1e-6 * (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

int main(int n, char** arguments) {
  if (n != 6) return 2;
  const bool levy = !std::strcmp(arguments[1], "levy");
  const Work work{(Word)std::atoi(arguments[2]), (Word)std::atoi(arguments[3]), (float)std::atof(arguments[4])};
  const int threads = std::atoi(arguments[5]);
  std::vector<float> times((size_t)work.paths * slots);
  std::vector<Word> counts(work.paths);
  auto part = [&](Word from, Word to) {
    for (Word i = from; i < to; i += lanes) {
      if (levy) solve<true>(work, i, &times[(size_t)i * slots], &counts[i]);
      else solve<false>(work, i, &times[(size_t)i * slots], &counts[i]);
    }
  };
  auto run = [&] {
    std::fill(times.begin(), times.end(), work.steps * work.dt);
    std::vector<std::thread> others;
    auto bound = [&](int k) { return k == threads ? work.paths : (Word)((uint64_t)work.paths * k / threads / lanes * lanes); };
    for (int k = 1; k < threads; k++) others.emplace_back(part, bound(k), bound(k + 1));
    part(0, bound(1));
    for (auto& t : others) t.join();
  };
  run();
  std::printf("{\"version\":\"g++ %s, %d lanes\",\"times\":[", __VERSION__, lanes);
  for (Word i = 0; i < std::min(work.paths, 256u); i++) {
    std::printf(i ? ",[" : "[");
    for (int k = 0; k < (int)std::min(counts[i], 3u); k++) std::printf(k ? ",%.9g" : "%.9g", times[(size_t)i * slots + k]);
    std::printf("]");
  }
  std::printf("]}\n");
  std::fflush(stdout);
  for (char line[100]; std::fgets(line, sizeof line, stdin);) {
    const double used = processor();
    const auto began = std::chrono::steady_clock::now();
    run();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    std::printf("{\"seconds\":%.6g,\"processor\":%.6g}\n", seconds, processor() - used);
    std::fflush(stdout);
  }
}
