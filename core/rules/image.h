/*
 * image.h - the compiled rules kept in the state directory: a process whose rule files are unchanged maps them
 * instead of parsing, and one that finds the files missing or broken runs them as the last good rules. An image
 * is checked before it is believed.
 */
#ifndef GATEPOST_IMAGE_H
#define GATEPOST_IMAGE_H

#include "block.h"

/* The image at PATH, or NULL: there is none, it is damaged, or another version of gatepost wrote it. ERROR gets
 * 0 or the errno value of the attempt (EPROTO: damaged or foreign). */
struct block *image_load(const char *path, int *error);

/* Whether the rules were made from the rule file CONFIG, whatever has become of it. */
bool image_is_of(const struct block *r, const char *config);

/* Whether every file the rules were made from is still the same, the first being CONFIG. */
bool image_is_current(const struct block *r, const char *config);

/* Returns 0 or an errno value. */
int image_store(const char *path, const struct block *r);

#endif
