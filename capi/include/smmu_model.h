/*
 * smmu_model.h - what libsmmu_sim exports: an SMMUv2, simulated, for a host that brings memory and software.
 *
 * One thread, one SMMU a process. Offsets are bytes from the start of the register space. Values are little endian. No call may be
 * made from inside a callback. Errors are said on standard error.
 */
#ifndef SMMU_MODEL_H
#define SMMU_MODEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SMMU_ABI_VERSION 1

/* What the host gives. It is copied by smmu_init; ctx is handed back with every call. */
struct smmu_host {
	uint32_t abi_version; /* SMMU_ABI_VERSION */
	uint32_t pad;
	void *ctx;
	/* n bytes of physical memory; 0, or -1 where there is none: to a table walk that is an external abort */
	int (*mem_read)(void *ctx, uint64_t pa, void *buf, size_t n);
	int (*mem_write)(void *ctx, uint64_t pa, const void *buf, size_t n);
	/* a line has changed its level; may be NULL */
	void (*irq)(void *ctx, unsigned line, int level);
};

/*
 * 0, or -1. args: words NAME=VALUE, separated by blanks; NULL or "" for none.
 *   preset=NAME    sizes and straps; default zynqmp
 *   engine=NAME    what runs: model, rusthdl, ..; default rusthdl
 *   features=all   every part of the architecture that can be together (engine=model only)
 *   vcd=FILE       a wave (not with engine=model)
 */
int smmu_init(const struct smmu_host *host, const char *args);
/* hardware reset */
void smmu_reset(void);
/* ends it; smmu_init may be called again */
void smmu_fini(void);

/* A register access of 4 or 8 bytes, at a multiple of them. A wrong one reads 0 and writes nothing. */
uint64_t mmio_read(uint64_t off, unsigned size);
void mmio_write(uint64_t off, uint64_t val, unsigned size);

/* Bit 0: the host has to split 64-bit accesses, low word first; bit 1 with it: high word first. Here 0. */
unsigned smmu_caps(void);
#define SMMU_CAP_SPLIT64 1u
#define SMMU_CAP_SPLIT64_HILO 2u

/* ns nanoseconds of simulated time pass */
void smmu_tick(unsigned ns);

/* Level of a line: 0 is the global interrupt, 1 + n that of context bank n. */
int smmu_irq_level(unsigned line);
/* All lines: bit n % 64 of bits[n / 64] is line n. words is the size of bits. */
void smmu_irq_levels(uint64_t *bits, unsigned words);

#define SMMU_TXN_WRITE 1u
#define SMMU_TXN_PRIV 2u
#define SMMU_TXN_INSTR 4u
#define SMMU_TXN_NS 8u

#define SMMU_OK 0      /* it went downstream */
#define SMMU_FAULT 1   /* it was answered with an error */
#define SMMU_RAZ 2     /* it was answered with zeros, or ignored */
#define SMMU_STALLED 3 /* it waits for RESUME */

/* One client transaction; with SMMU_OK *pa (may be NULL) is its downstream address. No memory is touched but tables. -1: wrong use. */
int smmu_translate(uint32_t sid, uint64_t iova, uint32_t flags, uint64_t *pa);
/* n bytes of client traffic, to or from buf; *done (may be NULL) is the number of bytes before a fault. -1: wrong use. */
int smmu_dma(uint32_t sid, uint64_t iova, uint32_t flags, void *buf, size_t n, size_t *done);

#ifdef __cplusplus
}
#endif
#endif
