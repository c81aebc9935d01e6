/*
 * bench.h - timing by many short rounds. The machine is never quiet, so the things to be compared take turns
 * within each round, and the median over the rounds is printed. A disturbance then affects all of them alike,
 * or only a few rounds. Time is CPU time of the calling thread unless a bench says otherwise.
 */
#ifndef GATEPOST_BENCH_H
#define GATEPOST_BENCH_H

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BENCH_ROUNDS_MOST = 401 };

/* One of the things compared: RUN does it TIMES times. */
struct lane {
    void (*run)(void *context, unsigned times);
    void *context;
    unsigned times;   /* per round; 0: found by trial */
    double median_us; /* of doing it once */
    double sample[BENCH_ROUNDS_MOST];
};

/* Ends the program if the subject gives a wrong answer: its timing would be worthless. */
__attribute__((noreturn, format(printf, 1, 2))) static inline void bench_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static inline double bench_now_us(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline double bench_median(double *sample, size_t n)
{
    qsort(sample, n, sizeof *sample, bench_compare);
    return n % 2 ? sample[n / 2] : (sample[n / 2 - 1] + sample[n / 2]) / 2;
}

static inline double bench_time(struct lane *l)
{
    double from = bench_now_us(CLOCK_THREAD_CPUTIME_ID);
    l->run(l->context, l->times);
    return bench_now_us(CLOCK_THREAD_CPUTIME_ID) - from;
}

/* Runs the lanes in turn, ROUNDS times, each for ROUND_US microseconds or once. */
static inline void bench_race(struct lane *lanes, size_t n, unsigned rounds, double round_us)
{
    for (size_t i = 0; i < n; i++) {
        struct lane *l = &lanes[i];
        if (l->times)
            continue;
        l->times = 1;
        double took = bench_time(l);
        while (took < round_us / 2 && l->times < 1u << 24) {
            l->times *= 2;
            took = bench_time(l);
        }
    }
    for (unsigned r = 0; r < rounds; r++)
        for (size_t i = 0; i < n; i++)
            lanes[i].sample[r] = bench_time(&lanes[i]) / lanes[i].times;
    for (size_t i = 0; i < n; i++)
        lanes[i].median_us = bench_median(lanes[i].sample, rounds);
}

#endif
