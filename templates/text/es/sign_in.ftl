# The page on which staff sign in. It is where the bare address leads, so patients meet it too.
staff-email = Correo electrónico
staff-password = Contraseña

staff-sign-in-title = Iniciar sesión
staff-sign-in = Iniciar sesión
staff-sign-in-help = ¿Todavía no tiene contraseña, o la olvidó? Su administrador puede darle una dirección para crear una nueva.
staff-sign-in-patients = ¿Tiene una consulta con nosotros como paciente? Use el enlace de su correo, o
staff-sign-in-join = escriba aquí el código del correo.
staff-sign-in-wrong = El correo electrónico o la contraseña no es correcto. Revise los dos e inténtelo otra vez.
staff-sign-in-wait =
    { $minutes ->
        [one] Hubo demasiados intentos. Espere un minuto e inténtelo otra vez.
       *[other] Hubo demasiados intentos. Espere { $minutes } minutos e inténtelo otra vez.
    }
staff-sign-in-locked = Esta cuenta se cerró por demasiados intentos. Pida a su administrador una dirección nueva para crear una contraseña.
staff-password-was-set = Su contraseña ya está lista. Inicie sesión con ella, por favor.
