/*
 * page.h - the page of `gatepost report`: one HTML file that needs nothing beside it. One thread.
 */
#ifndef GATEPOST_TOOLS_REPORT_PAGE_H
#define GATEPOST_TOOLS_REPORT_PAGE_H

#include <stdio.h>

#include "core/rules/block.h"
#include "digest.h"

/* RULES are those in force, to name the ones that never triggered, and which rules look for traps; NULL: not known.
 * Returns false when out of memory. */
bool page_write(FILE *f, const struct digest *d, const struct block *rules);

/* From page.css and sortable.min.js, by the build. */
extern const char page_css[], page_sortable[];

#endif
