/*
 * image.h - the compiled rules, kept in the state directory. A process whose rule files are unchanged maps them
 * instead of parsing. A process that finds the files missing or broken uses them as the last good rules. An
 * image is checked before it is used.
 */
#ifndef GATEPOST_IMAGE_H
#define GATEPOST_IMAGE_H

#include "block.h"

/* Returns the image at PATH, or NULL: there is none, it is damaged, or another version of gatepost wrote it.
 * ERROR gets 0 or the errno value of the attempt (EPROTO: damaged or from another version). */
struct block *image_load(const char *path, int *error);

/* Returns whether the rules were made from the rule file CONFIG, even if that file has changed since. */
bool image_is_of(const struct block *r, const char *config);

/* Returns whether every file that the rules were made from is unchanged, the first being CONFIG. */
bool image_is_current(const struct block *r, const char *config);

/* Returns 0 or an errno value. */
int image_store(const char *path, const struct block *r);

#endif
