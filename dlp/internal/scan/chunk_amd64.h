// What kernels that look codes up have in common: their arguments, chunks of blocks, and where
// words begin.

#define CODES 2048      // codes: in findings, behind 64 masks of 32 bytes
#define CHUNK 16        // blocks whose codes are made at a time, so that they stay near; an even number

// ARGUMENTS loads tables into DI, text into SI, carry into R8, loose into R9 and masks into DX.
#define ARGUMENTS \
	MOVQ t+0(FP), DI      \
	MOVQ v+8(FP), SI      \
	MOVQ carry+24(FP), R8 \
	MOVQ loose+32(FP), R9 \
	MOVQ out+40(FP), DX

// TAKE_CHUNK takes CHUNK blocks of those that are left, or as many as there are, by way of the
// label few behind it: CX of them. At few, LEAVE_CHUNK takes them off.
#define TAKE_CHUNK(few) \
	MOVQ n+16(FP), CX \
	CMPQ CX, $CHUNK   \
	JLE  few          \
	MOVL $CHUNK, CX

#define LEAVE_CHUNK \
	SUBQ CX, n+16(FP)

// FIRST_CODE points R10 to the codes of the chunk.
#define FIRST_CODE \
	MOVQ out+40(FP), R10 \
	ADDQ $CODES, R10

// STARTS makes of the word characters in AX where words begin, behind none, in R12.
#define STARTS \
	LEAQ (R8)(AX*2), R12 \
	MOVQ AX, R8          \
	SHRQ $63, R8         \
	NOTQ R12             \
	ANDQ AX, R12         \
	ORQ  R9, R12
