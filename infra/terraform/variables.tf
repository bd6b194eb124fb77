variable "assembly" {
  description = "Folder of the synthesized stage: what `make synth STAGE=prod` writes to cdk.out."
  type        = string
}

variable "stack" {
  description = "Name of one stack in the assembly; stacks beside the core are modules of their own, after it."
  type        = string
  default     = "SilentScalper"
}

variable "bootstrap" {
  description = "Make the bucket for assets and the version parameter that `cdk bootstrap` would have made. Only once in an account and region, and only where that command was never run."
  type        = bool
  default     = false
}

variable "parameters" {
  description = "Parameters of the stack, as { PortalOriginParameter = \"https://scans.example.org\" }."
  type        = map(string)
  default     = {}
}

variable "capabilities" {
  description = "What CloudFormation is told that it may make; the stack has roles, without names of their own."
  type        = set(string)
  default     = ["CAPABILITY_IAM"]
}

variable "execution_role_arn" {
  description = "Role with which CloudFormation makes the resources; null for the permissions of whoever applies."
  type        = string
  default     = null
}

variable "on_failure" {
  description = "What becomes of a stack that could not be made: ROLLBACK, DELETE or DO_NOTHING. A failed update is always rolled back."
  type        = string
  default     = "ROLLBACK"

  validation {
    condition     = contains(["ROLLBACK", "DELETE", "DO_NOTHING"], var.on_failure)
    error_message = "on_failure is one of ROLLBACK, DELETE and DO_NOTHING."
  }
}

variable "timeout_minutes" {
  description = "How long CloudFormation may take to make the stack."
  type        = number
  default     = 60
}

variable "tags" {
  description = "Tags of the stack and of the assets."
  type        = map(string)
  default     = {}
}
