/*
 * slots_hooks.h - a test steps in before each single store and load of slots.c.
 *
 * slots_hooks.c is slots.c with these calls, in the place of the engine's own for the program that uses them.
 */
#ifndef GATEPOST_TEST_SLOTS_HOOKS_H
#define GATEPOST_TEST_SLOTS_HOOKS_H

/* NULL: nothing. Set before there are threads. */
extern void (*slots_before_store)(void);
extern void (*slots_before_load)(void);

#endif
