/*
 * chart.h - draws charts as SVG in an HTML page: they show without scripts and in print, and each bar tells its numbers where
 * the pointer rests on it. Colours are those of page.css. One thread.
 */
#ifndef GATEPOST_TOOLS_REPORT_CHART_H
#define GATEPOST_TOOLS_REPORT_CHART_H

#include <stdint.h>
#include <stdio.h>

enum { CHART_SERIES = 9, CHART_WIDE = 1000, CHART_NARROW = 360, CHART_BARS_WIDE = 120, CHART_BARS_NARROW = 42 };

/* Numbers over time. */
struct chart {
    const char *title; /* for those who hear the page */
    size_t bars, series;
    int64_t start, step;              /* of the bars, in seconds */
    const char *names[CHART_SERIES];  /* as others may have written them */
    uint64_t (*values)[CHART_SERIES]; /* by bar */
};

/* Stacked bars, WIDTH units wide. */
void chart_bars(FILE *f, const struct chart *c, unsigned width);

/* The first series as an area. */
void chart_area(FILE *f, const struct chart *c, unsigned width);

/* A bar within a cell of a table: VALUE of MOST, in the colour of series SERIES. */
void chart_cell(FILE *f, uint64_t value, uint64_t most, unsigned series);

/* "24 Jul 2003", with the time of day where STEP is less than a day. */
void chart_time(FILE *f, int64_t time, int64_t step);

/* "12,345,678" */
void chart_number(FILE *f, uint64_t value);

#endif
